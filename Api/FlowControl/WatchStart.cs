namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// The seats of a watch, which it holds until it has sent what it begins with: after that it waits for changes most of
/// the time. In the request's features while it is answered.
/// </summary>
public sealed class WatchStart(Action begun)
{
    private int _isOver;

    /// <summary>The watch has begun, or will not; the first call counts.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            begun();
        }
    }
}
