
namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// Exponential delay between attempts: 10 s, 20 s … 300 s, forgotten when the failing thing worked for 10 minutes.
/// An entry is a value; the functions here are all its rules.
/// </summary>
public readonly record struct BackOffEntry(TimeSpan Delay, SteadyTime LastUpdate)
{
    public static readonly TimeSpan Initial = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Maximum = TimeSpan.FromSeconds(300);

    /// <summary>Something that ran this long since the last failure starts again without delay.</summary>
    private static readonly TimeSpan ForgetAfter = 2 * Maximum;

    /// <summary>
    /// When the next attempt may be made after a failure at the given time; null when it may be made now.
    /// </summary>
    public static SteadyTime? WaitUntil(BackOffEntry? entry, SteadyTime failedAt, SteadyTime now)
    {
        if (entry is not { } known || known.IsForgotten(failedAt) || now - failedAt >= known.Delay)
        {
            return null;
        }

        return failedAt + known.Delay;
    }

    /// <summary>The entry after another attempt following a failure at the given time.</summary>
    public static BackOffEntry Next(BackOffEntry? entry, SteadyTime failedAt, SteadyTime now)
    {
        if (entry is not { } known || known.IsForgotten(failedAt))
        {
            return new BackOffEntry(Initial, now);
        }

        var doubled = known.Delay * 2;
        return new BackOffEntry(doubled < Maximum ? doubled : Maximum, now);
    }

    private bool IsForgotten(SteadyTime failedAt) => failedAt - LastUpdate > ForgetAfter;
}
