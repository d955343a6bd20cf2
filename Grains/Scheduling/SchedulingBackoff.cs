namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>How long a pod waits after an attempt that failed: it doubles, up to a limit.</summary>
public sealed record SchedulingBackoff
{
    /// <summary>After the first failure.</summary>
    public TimeSpan Initial { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan Max { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan After(int failures)
    {
        var backoff = Initial;
        for (var i = 1; i < failures && backoff < Max; i++)
        {
            backoff *= 2;
        }

        return backoff < Max ? backoff : Max;
    }
}
