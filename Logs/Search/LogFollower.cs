using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Search;

/// <summary>
/// Lines as they come, from all nodes. Segments are numbered before they are stored, so that one may be seen before
/// another with a smaller number: whoever follows looks back some way, and remembers what it has seen there.
/// </summary>
public sealed class LogFollower(ILogStore store, LogSearch search)
{
    /// <summary>Appends that may be under way at once, amply.</summary>
    private const int LookBack = 256;
    private const int SegmentsAtOnce = 16;

    /// <summary>
    /// Lines that match, some at once; ends only when cancelled. The first is empty: whatever is stored after that is
    /// told.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<FoundLine>> FollowAsync(
        LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var newest = await store.NewestSegmentAsync(cancellationToken);
        var seen = await ListAsync(query, newest - LookBack, cancellationToken);
        var known = seen.Select(static s => s.Id).ToHashSet();
        yield return [];
        for (var mark = 0L; ;)
        {
            mark = await store.WaitAsync(mark, cancellationToken);

            // Before the list: what is stored while lines are read and sent is for the next round.
            var upTo = await store.NewestSegmentAsync(cancellationToken);
            var entries = await ListAsync(query, newest - LookBack, cancellationToken);
            foreach (var ids in Parts(entries.Where(e => known.Add(e.Id)).OrderBy(static e => e.Id)))
            {
                yield return await ReadAsync(query, ids, cancellationToken);
            }

            newest = Math.Max(newest, upTo);
            known.RemoveWhere(id => id <= newest - (2 * LookBack));
        }
    }

    /// <summary>Segments that are read and held together.</summary>
    private IEnumerable<IReadOnlyCollection<long>> Parts(IEnumerable<SegmentEntry> entries)
    {
        var (part, bytes) = (new List<long>(), 0L);
        foreach (var entry in entries)
        {
            if (part.Count == SegmentsAtOnce
                || (part.Count > 0 && bytes + entry.RawBytes > search.Options.MaxFollowedBytes))
            {
                yield return part;
                (part, bytes) = ([], 0);
            }

            part.Add(entry.Id);
            bytes += entry.RawBytes;
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }

    private Task<IReadOnlyList<SegmentEntry>> ListAsync(
        LogQuery query, long after, CancellationToken cancellationToken) =>
        store.ListSegmentsAsync(
            new SegmentFilter
            {
                Namespace = query.Streams.Namespace, OldestFirst = true, FreshAfter = after, Limit = LookBack * 8,
                AtLeast = query.Lines.AtLeast, Origins = query.Origins,
            },
            cancellationToken);

    private async Task<IReadOnlyList<FoundLine>> ReadAsync(
        LogQuery query, IReadOnlyCollection<long> segments, CancellationToken cancellationToken)
    {
        // Containers that started meanwhile are meant, too.
        var streams = await search.StreamsAsync(query.Streams, cancellationToken);
        var found = new ConcurrentBag<List<FoundLine>>();
        await search.LookThroughAsync(
            await store.ReadSegmentsAsync(segments, cancellationToken),
            (body, token) => found.Add(Find(query, streams, body.Body, token)),
            cancellationToken);
        return [.. found.SelectMany(static f => f).OrderBy(static l => l.Cursor)];
    }

    private static List<FoundLine> Find(
        LogQuery query, HashSet<long>? streams, ReadOnlySpan<byte> body, CancellationToken cancellationToken)
    {
        using var segment = StoredSegment.Open(body);
        var found = new List<FoundLine>();
        var (run, first) = (0, 0);
        foreach (var line in query.Lines.Find(segment, cancellationToken))
        {
            while (line >= first + segment.Runs[run].Count)
            {
                first += segment.Runs[run++].Count;
            }

            var of = segment.Runs[run];
            if (streams?.Contains(of.Stream) != false)
            {
                found.Add(new FoundLine(
                    new LogCursor(segment.Time(line), of.Stream, of.Sequence + line - first), segment.Flags(line),
                    Encoding.UTF8.GetString(segment.Text(line))));
            }
        }

        return found;
    }
}
