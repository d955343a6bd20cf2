using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Shutdown;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>
/// How much time pods get to end when the machine goes down. Upstream's settings of the same names; by default there is
/// none, and pods end with the machine.
/// </summary>
public sealed record ShutdownOptions
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>How long the machine waits for all pods together.</summary>
    public TimeSpan GracePeriod { get; init; }

    /// <summary>The part of it, at its end, that critical pods have for themselves.</summary>
    public TimeSpan GracePeriodCriticalPods { get; init; }

    /// <summary>
    /// Instead of the other two: how long the pods of each range of priorities have, one after the other.
    /// </summary>
    public IReadOnlyList<ShutdownPeriod> GracePeriodByPodPriority { get; init; } = [];

    /// <summary>Where the bus is on which logind is asked, and where its settings are overridden.</summary>
    public string BusSocket { get; init; } = Logind.SystemBus;

    public string LogindConfiguration { get; init; } = Logind.ConfigurationDirectory;

    /// <summary>What holds, in the order in which pods end; empty when nothing is configured.</summary>
    public IReadOnlyList<ShutdownPeriod> Periods => GracePeriodByPodPriority.Count > 0
        ? [.. GracePeriodByPodPriority.OrderBy(static p => p.Priority)]
        : ShutdownPeriod.Of(GracePeriod, GracePeriodCriticalPods);

    /// <summary>What of it cannot be, in upstream's words; null when all can.</summary>
    public string? Problem =>
        GracePeriodCriticalPods > GracePeriod
            ? $"shutdownGracePeriodCriticalPods {Text(GracePeriodCriticalPods)} must be <= "
                + $"shutdownGracePeriod {Text(GracePeriod)}"
        : IsTooShort(GracePeriod)
            ? $"shutdownGracePeriod {Text(GracePeriod)} must be either zero or otherwise >= 1 sec"
        : IsTooShort(GracePeriodCriticalPods)
            ? $"shutdownGracePeriodCriticalPods {Text(GracePeriodCriticalPods)} must be either zero or "
                + "otherwise >= 1 sec"
        : GracePeriodByPodPriority.Count > 0 && GracePeriod > TimeSpan.Zero
            ? "Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time"
        : null;

    private static bool IsTooShort(TimeSpan period) => period != TimeSpan.Zero && period < Least;

    private static string Text(TimeSpan period) => GoDuration.Format(period);
}
