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
            var entries = await ListAsync(query, newest - LookBack, cancellationToken);
            var fresh = entries.Where(e => known.Add(e.Id)).Select(static e => e.Id).Order().ToList();
            foreach (var ids in fresh.Chunk(SegmentsAtOnce))
            {
                yield return await ReadAsync(query, ids, cancellationToken);
            }

            newest = Math.Max(newest, await store.NewestSegmentAsync(cancellationToken));
            known.RemoveWhere(id => id <= newest - (2 * LookBack));
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
        var found = new List<FoundLine>();
        foreach (var body in await store.ReadSegmentsAsync(segments, cancellationToken))
        {
            using var segment = StoredSegment.Open(body.Body);
            var first = 0;
            var hits = query.Lines.Find(segment);
            foreach (var run in segment.Runs)
            {
                var end = first + run.Count;
                if (streams?.Contains(run.Stream) != false)
                {
                    found.AddRange(hits.Where(h => h >= first && h < end).Select(h => new FoundLine(
                        new LogCursor(segment.Time(h), run.Stream, run.Sequence + h - first),
                        segment.Flags(h),
                        Encoding.UTF8.GetString(segment.Text(h)))));
                }

                first = end;
            }
        }

        found.Sort(static (a, b) => a.Cursor.CompareTo(b.Cursor));
        return found;
    }
}
