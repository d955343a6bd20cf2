using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Logs.Export;

/// <summary>
/// A store whose new lines are sent elsewhere, too: lines of containers, Events and what parts of the cluster log
/// themselves all come here, each batch at one silo, which sends it.
/// </summary>
public sealed class ExportingLogStore(ILogStore store, LogExportQueue queue) : ILogStore
{
    /// <inheritdoc/>
    public async Task<bool> AppendAsync(
        IReadOnlyList<BatchRun> runs, IReadOnlyList<NewSegment> segments, CancellationToken cancellationToken)
    {
        if (!await store.AppendAsync(runs, segments, cancellationToken))
        {
            return false;
        }

        queue.Add(segments);
        return true;
    }

    /// <inheritdoc/>
    public Task<LogStream> OpenStreamAsync(LogStream stream, CancellationToken cancellationToken) =>
        store.OpenStreamAsync(stream, cancellationToken);

    /// <inheritdoc/>
    public Task<LogStream?> FindStreamAsync(StreamName name, CancellationToken cancellationToken) =>
        store.FindStreamAsync(name, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogStream>> ReadStreamsAsync(
        IReadOnlyCollection<long> streams, CancellationToken cancellationToken) =>
        store.ReadStreamsAsync(streams, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogStream>> FindStreamsAsync(
        StreamFilter filter, int limit, CancellationToken cancellationToken) =>
        store.FindStreamsAsync(filter, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SegmentEntry>> ListSegmentsAsync(
        SegmentFilter filter, CancellationToken cancellationToken) =>
        store.ListSegmentsAsync(filter, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SegmentBody>> ReadSegmentsAsync(
        IReadOnlyCollection<long> segments, CancellationToken cancellationToken) =>
        store.ReadSegmentsAsync(segments, cancellationToken);

    /// <inheritdoc/>
    public Task<long> NewestSegmentAsync(CancellationToken cancellationToken) =>
        store.NewestSegmentAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<long> WaitAsync(long mark, CancellationToken cancellationToken) =>
        store.WaitAsync(mark, cancellationToken);
}
