namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// When an operation on a volume or a plugin that failed may be tried again: after 500 ms, and twice as long each time,
/// up to 122 s, as upstream has it. A value; the functions here are all its rules.
/// </summary>
public readonly record struct RetryDelay(TimeSpan Delay, SteadyTime Until)
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan Maximum = TimeSpan.FromSeconds(122);

    /// <summary>The delay after another failure.</summary>
    public static RetryDelay After(RetryDelay? before, SteadyTime failedAt)
    {
        var delay = before is { } known ? known.Delay * 2 : First;
        delay = delay < Maximum ? delay : Maximum;
        return new RetryDelay(delay, failedAt + delay);
    }
}
