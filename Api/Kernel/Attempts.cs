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
    private readonly bool GoOn => time.GetElapsedTime(_began) < patience;

    /// <summary>Makes a call until it is answered, patience ends, or it fails in a way that does not pass.</summary>
    /// <param name="attempts">How long, and with which pauses.</param>
    /// <param name="state">What the call is made with, so that it needs no closure.</param>
    /// <param name="call">The call.</param>
    /// <param name="problem">What is thrown for a failure when patience ends; null for one that does not pass.</param>
    /// <param name="cancellationToken">Ends the pauses.</param>
    public static async Task<T> RepeatAsync<TState, T>(
        Attempts attempts, TState state, Func<TState, Task<T>> call, Func<TState, Exception, Exception?> problem,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call(state);
            }
            catch (Exception failure) when (problem(state, failure) is { } last)
            {
                if (!attempts.GoOn)
                {
                    if (ReferenceEquals(last, failure))
                    {
                        throw; // with the trace of where it came from
                    }

                    throw last;
                }
            }

            await attempts.PauseAsync(cancellationToken);
        }
    }

    /// <summary>Waits before another attempt, each time for longer.</summary>
    private Task PauseAsync(CancellationToken cancellationToken)
    {
        var pause = _pause;
        _pause = Periods.AfterAnother(pause, LastPause);
        return Task.Delay(pause, time, cancellationToken);
    }
}
