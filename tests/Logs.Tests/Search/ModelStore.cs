using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Tests.Search;

/// <summary>The store as a few lists.</summary>
internal sealed class ModelStore : ILogStore
{
    private readonly Lock _lock = new();
    private readonly List<LogStream> _streams = [];
    private readonly List<(long Id, NewSegment Segment)> _segments = [];
    private TaskCompletionSource _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<LogStream> OpenStreamAsync(LogStream stream, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_streams.Find(s => s.Name == stream.Name) is { } known)
            {
                return Task.FromResult(known);
            }

            _streams.Add(stream with { Id = _streams.Count + 1 });
            return Task.FromResult(_streams[^1]);
        }
    }

    public Task<LogStream?> FindStreamAsync(StreamName name, CancellationToken cancellationToken) =>
        Task.FromResult(_streams.Find(s => s.Name == name));

    public Task<IReadOnlyList<LogStream>> ReadStreamsAsync(
        IReadOnlyCollection<long> streams, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<LogStream>>(_streams.FindAll(s => streams.Contains(s.Id)));

    public Task<IReadOnlyList<LogStream>> FindStreamsAsync(
        StreamFilter filter, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<LogStream>>([.. _streams.Where(s =>
            (filter.Namespace.Length == 0 || s.Name.Namespace == filter.Namespace)
            && (filter.Pod.Length == 0 || s.Name.Pod == filter.Pod)
            && (filter.Stream == 0 || s.Id == filter.Stream)
            && filter.Labels?.Invoke(s.Labels) != false).Take(limit)]);

    public Task<bool> AppendAsync(
        IReadOnlyList<BatchRun> runs, IReadOnlyList<NewSegment> segments, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (runs.Any(r => _streams[(int)r.Stream - 1].Position.Sequence != r.Sequence))
            {
                return Task.FromResult(false);
            }

            foreach (var run in runs)
            {
                _streams[(int)run.Stream - 1] = _streams[(int)run.Stream - 1] with { Position = run.After };
            }

            foreach (var segment in segments)
            {
                _segments.Add((_segments.Count + 1, segment));
            }

            _arrival.SetResult();
            _arrival = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return Task.FromResult(true);
        }
    }

    public Task<IReadOnlyList<SegmentEntry>> ListSegmentsAsync(
        SegmentFilter filter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var found = _segments.Where(s =>
                (filter.Namespace.Length == 0
                    || LogSpaces.Of(filter.Namespace, LogOrigins.All).Contains(s.Segment.Namespace))
                && filter.Origins.HasFlag(LogSpaces.OriginOf(s.Segment.Namespace))
                && s.Segment.Segment.LastTime >= filter.From && s.Segment.Segment.FirstTime <= filter.To
                && s.Segment.Segment.Worst >= filter.AtLeast
                && (filter.Streams is null || s.Segment.Segment.Streams.Intersect(filter.Streams).Any())
                && (filter.FreshAfter is null || s.Id > filter.FreshAfter));
            var ordered = filter.OldestFirst
                ? found.OrderBy(static s => s.Segment.Segment.FirstTime)
                : found.OrderByDescending(static s => s.Segment.Segment.LastTime);
            return Task.FromResult<IReadOnlyList<SegmentEntry>>(
                [.. ordered.Take(filter.Limit).Select(s => new SegmentEntry(
                s.Id, s.Segment.Segment.FirstTime, s.Segment.Segment.LastTime, s.Segment.Segment.RawBytes,
                [.. filter.Words.SelectMany(w => Block(s.Segment.Segment.Words, w))]))]);
        }
    }

    public Task<IReadOnlyList<SegmentBody>> ReadSegmentsAsync(
        IReadOnlyCollection<long> segments, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<SegmentBody>>(
                [.. segments.Select(id => new SegmentBody(id, _segments[(int)id - 1].Segment.Segment.Body))]);
        }
    }

    public Task<long> NewestSegmentAsync(CancellationToken cancellationToken) => Task.FromResult((long)_segments.Count);

    public async Task<long> WaitAsync(long mark, CancellationToken cancellationToken)
    {
        Task arrival;
        lock (_lock)
        {
            arrival = mark == _segments.Count + 1 ? _arrival.Task : Task.CompletedTask;
        }

        await arrival.WaitAsync(cancellationToken);
        return _segments.Count + 1;
    }

    private static byte[] Block(byte[] words, ulong word) =>
        words[(WordFilter.BlockOf(WordFilter.Place(word), words.Length / 64) * 64)..][..64];
}
