using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// How long a call is made anew, and with which pauses, while what it asks moves from one silo to another, or
/// PostgreSQL restarts. Which failures pass, whoever makes the call knows.
/// </summary>
/// <param name="patience">From the first attempt on.</param>
/// <param name="time">The time.</param>
internal struct Attempts(TimeSpan patience, TimeProvider time)
{
    /// <summary>Longer than a failover; shorter than clients' patience.</summary>
    public static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(320);

    private readonly long _began = time.GetTimestamp();
    private TimeSpan _pause = FirstPause;

    /// <summary>True for as long as another attempt may be made.</summary>
    public readonly bool GoOn => time.GetElapsedTime(_began) < patience;

    /// <summary>Waits before another attempt, each time for longer.</summary>
    public Task PauseAsync(CancellationToken cancellationToken)
    {
        var pause = _pause;
        _pause = Periods.AfterAnother(pause, LastPause);
        return Task.Delay(pause, time, cancellationToken);
    }
}
