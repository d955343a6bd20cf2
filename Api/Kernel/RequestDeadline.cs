namespace OrleansOrchestrator.Api.Kernel;

/// <summary>When a request must be answered; in its features until then.</summary>
/// <param name="over">Ends it.</param>
/// <param name="timeout">After how long.</param>
/// <param name="time">The clock.</param>
public sealed class RequestDeadline(CancellationTokenSource over, TimeSpan timeout, TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();

    /// <summary>How long there is until then.</summary>
    public TimeSpan Left => timeout - time.GetElapsedTime(_began);

    /// <summary>It becomes a connection, which lasts as long as its ends want.</summary>
    public void Lift() => over.CancelAfter(Timeout.InfiniteTimeSpan);
}
