using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Logs.Shipping;

/// <summary>What the cluster says to a batch.</summary>
public enum SendResult
{
    Kept,

    /// <summary>Nothing of it was kept, because a stream is elsewhere: open the streams anew.</summary>
    Moved,

    /// <summary>It will never be kept.</summary>
    Refused,
}

/// <summary>Where logs go. What fails for now throws <see cref="HttpRequestException"/>.</summary>
public interface ILogSink
{
    /// <summary>What the cluster has of each stream, in their order.</summary>
    Task<IReadOnlyList<LogStreamAnswer>> OpenAsync(
        IReadOnlyCollection<StreamName> streams, CancellationToken cancellationToken);

    Task<SendResult> SendAsync(byte[] batch, CancellationToken cancellationToken);
}
