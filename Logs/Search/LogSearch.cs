using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Logs.Queries;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Search;

/// <summary>
/// Searches segments in the order of their times, some at once, and ends as soon as no other segment can have a line
/// that would come before those found. Segments whose words say that they have none are never read. A search that
/// takes too long gives what is sure so far, and where to go on.
/// </summary>
public sealed class LogSearch(ILogStore store, LogSearchOptions options, TimeProvider time) : IDisposable
{
    /// <summary>The first read is small, for those who want the newest lines; each further one is larger.</summary>
    private const int FirstRead = 2;
    private const int LargestRead = 16;

    private readonly SemaphoreSlim _places = new(options.Searches);

    public void Dispose() => _places.Dispose();

    /// <summary>
    /// The next page. Throws <see cref="LogQueryException"/> for one that means more than can be searched, and <see
    /// cref="LogStoreException"/> when the store fails.
    /// </summary>
    public async Task<LogPage> FindAsync(LogQuery query, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            var streams = await StreamsAsync(query.Streams, cancellationToken);
            return streams is { Count: 0 }
                ? new LogPage([], null, false, 0, 0)
                : await new Run(this, query, streams).FindAsync(cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>The streams that are meant; null for all of the namespace.</summary>
    internal async Task<HashSet<long>?> StreamsAsync(StreamFilter filter, CancellationToken cancellationToken)
    {
        if (filter.IsWhole)
        {
            return null;
        }

        var streams = await store.FindStreamsAsync(filter, options.MaxStreams + 1, cancellationToken);
        return streams.Count <= options.MaxStreams
            ? streams.Select(static s => s.Id).ToHashSet()
            : throw new LogQueryException($"more than {options.MaxStreams} containers are meant: "
                + "name a namespace, a pod or a workload");
    }

    /// <summary>
    /// Looks through segments, some at once. It ends within a line when who asks has gone, and when it takes too long:
    /// what lines and expressions make of each other is the client's.
    /// </summary>
    internal async Task LookThroughAsync(
        IReadOnlyList<SegmentBody> bodies, Action<SegmentBody, CancellationToken> look,
        CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(options.Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = options.Parallelism, CancellationToken = both.Token,
        };
        try
        {
            await Parallel.ForEachAsync(bodies, parallel, (body, token) =>
            {
                look(body, token);
                return ValueTask.CompletedTask;
            });
        }
        catch (Exception late) when (
            late is OperationCanceledException or RegexMatchTimeoutException
            && !cancellationToken.IsCancellationRequested)
        {
            throw new LogQueryException(
                "the query takes too long to be held against each line: simplify its expressions, or add a word");
        }
    }

    /// <summary>One search.</summary>
    private sealed class Run(LogSearch search, LogQuery query, HashSet<long>? streams)
    {
        private readonly bool _oldest = query.OldestFirst;
        private readonly List<FoundLine> _found = [];
        private int _segmentsRead;
        private long _bytesRead;

        public async Task<LogPage> FindAsync(CancellationToken cancellationToken)
        {
            var started = search.Clock.GetTimestamp();
            var (entries, isCut) = await ListAsync(cancellationToken);
            var candidates = entries.Where(MayHold).ToList();
            var (next, size) = (0, FirstRead);
            IReadOnlyList<SegmentBody>? ahead = null;
            while (next < candidates.Count && !IsComplete(candidates[next]))
            {
                if (next > 0 && search.Clock.GetElapsedTime(started) > search.Options.Budget
                    && Edge(candidates[next]) is var edge && IsFurther(edge))
                {
                    return Page(edge, isTimedOut: true);
                }

                var bodies = ahead ?? await ReadAsync(candidates, next, size, cancellationToken);
                next += size;

                // A search that has become long has the store and the processors work at the same time.
                var reading = size == LargestRead ? ReadAsync(candidates, next, size, cancellationToken) : null;
                await Task.WhenAll(SearchAsync(bodies, cancellationToken), reading ?? Task.CompletedTask);
                ahead = reading is null ? null : await reading;
                size = Math.Min(LargestRead, size * 2);
            }

            // What was not read, or not even listed, is for further pages.
            var rest = next < candidates.Count ? candidates[next] : isCut ? entries[^1] : null;
            return Page(rest is null ? null : Edge(rest), isTimedOut: false);
        }

        /// <summary>False for a place from which the next page would do the same again.</summary>
        private bool IsFurther(LogCursor edge) => query.After is not { } after || Compare(after, edge) < 0;

        private async Task<(IReadOnlyList<SegmentEntry> Entries, bool IsCut)> ListAsync(
            CancellationToken cancellationToken)
        {
            var after = query.After;
            var limit = search.Options.MaxSegments;
            var entries = await search.Store.ListSegmentsAsync(
                new SegmentFilter
                {
                    Namespace = query.Streams.Namespace,
                    Origins = query.Origins,
                    From = _oldest && after is { } low ? Math.Max(query.From, low.Time) : query.From,
                    To = !_oldest && after is { } high ? Math.Min(query.To, high.Time) : query.To,
                    AtLeast = query.Lines.AtLeast,
                    Streams = streams is null ? null : [.. streams],
                    Words = query.Lines.Words,
                    OldestFirst = _oldest,
                    Limit = limit,
                },
                cancellationToken);
            return (entries, entries.Count == limit);
        }

        private bool MayHold(SegmentEntry entry)
        {
            for (var i = 0; i < query.Lines.Words.Count; i++)
            {
                var block = entry.WordBlocks.AsSpan(i * WordFilter.BlockBytes, WordFilter.BlockBytes);
                if (!WordFilter.MayHold(block, query.Lines.Words[i]))
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>True when neither this segment nor one after it has a line that belongs on the page.</summary>
        private bool IsComplete(SegmentEntry next)
        {
            if (_found.Count < query.Limit)
            {
                return false;
            }

            var last = _found[query.Limit - 1].Cursor.Time;
            return _oldest ? last < next.FirstTime : last > next.LastTime;
        }

        private async Task<IReadOnlyList<SegmentBody>> ReadAsync(
            List<SegmentEntry> entries, int first, int count, CancellationToken cancellationToken) =>
            first >= entries.Count ? [] : await search.Store.ReadSegmentsAsync(
                [.. entries.Skip(first).Take(count).Select(static e => e.Id)], cancellationToken);

        private async Task SearchAsync(IReadOnlyList<SegmentBody> bodies, CancellationToken cancellationToken)
        {
            var found = new ConcurrentBag<List<FoundLine>>();
            await search.LookThroughAsync(
                bodies, (body, token) => found.Add(Search(body.Body, token)), cancellationToken);
            foreach (var lines in found)
            {
                _found.AddRange(lines);
            }

            _found.Sort(Compare);
            if (_found.Count > query.Limit)
            {
                // One more than wanted tells that there is another page.
                _found.RemoveRange(query.Limit + 1, Math.Max(0, _found.Count - query.Limit - 1));
            }

            _segmentsRead += bodies.Count;
        }

        private List<FoundLine> Search(ReadOnlySpan<byte> body, CancellationToken cancellationToken)
        {
            using var segment = StoredSegment.Open(body);
            Interlocked.Add(ref _bytesRead, segment.TextBytes);
            var hits = new List<(LogCursor Cursor, int Line)>();
            var (run, first) = (0, 0);
            foreach (var line in query.Lines.Find(segment, cancellationToken))
            {
                while (line >= first + segment.Runs[run].Count)
                {
                    first += segment.Runs[run++].Count;
                }

                var of = segment.Runs[run];
                var cursor = new LogCursor(segment.Time(line), of.Stream, of.Sequence + line - first);
                if (IsMeant(cursor))
                {
                    hits.Add((cursor, line));
                }
            }

            hits.Sort((a, b) => Compare(a.Cursor, b.Cursor));
            return
            [
                .. hits.Take(query.Limit + 1).Select(hit => new FoundLine(
                    hit.Cursor, segment.Flags(hit.Line), Encoding.UTF8.GetString(segment.Text(hit.Line)))),
            ];
        }

        private bool IsMeant(LogCursor cursor) =>
            cursor.Time >= query.From && cursor.Time <= query.To
            && (streams is null || streams.Contains(cursor.Stream))
            && (query.After is not { } after || Compare(after, cursor) < 0);

        private int Compare(FoundLine a, FoundLine b) => Compare(a.Cursor, b.Cursor);

        private int Compare(LogCursor a, LogCursor b) => _oldest ? a.CompareTo(b) : b.CompareTo(a);

        /// <summary>Everything before this place has been considered when this segment is the next one.</summary>
        private LogCursor Edge(SegmentEntry next) =>
            _oldest ? LogCursor.Before(next.FirstTime) : LogCursor.After(next.LastTime);

        /// <summary>What is sure up to the edge, no more than wanted, and no more than a page holds.</summary>
        private LogPage Page(LogCursor? edge, bool isTimedOut)
        {
            var sure = edge is { } end ? _found.FindAll(l => Compare(l.Cursor, end) < 0) : _found;
            var (count, bytes) = (0, 0L);
            while (count < Math.Min(sure.Count, query.Limit)
                && (count == 0 || bytes + sure[count].Text.Length <= search.Options.MaxPageBytes))
            {
                bytes += sure[count++].Text.Length;
            }

            var next = count < sure.Count ? sure[count - 1].Cursor : edge;
            return new LogPage(sure.GetRange(0, count), next, isTimedOut, _segmentsRead, _bytesRead);
        }
    }

    private ILogStore Store => store;

    internal LogSearchOptions Options => options;

    private TimeProvider Clock => time;
}

/// <summary>A query that cannot be answered; the message says what to change.</summary>
public sealed class LogQueryException(string message) : Exception(message);
