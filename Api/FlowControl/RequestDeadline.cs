namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>When a request must be answered; in its features until then.</summary>
public sealed class RequestDeadline(CancellationTokenSource over)
{
    /// <summary>It becomes a connection, which lasts as long as its ends want.</summary>
    public void Lift() => over.CancelAfter(Timeout.InfiniteTimeSpan);
}
