using System.Globalization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Shutdown;

/// <summary>How long pods of at least a priority, and below that of the next period, have to end.</summary>
/// <param name="Priority">The least of the range; what is below the first period's belongs to the first.</param>
/// <param name="Grace">In whole seconds, as upstream has it.</param>
public sealed record ShutdownPeriod(int Priority, TimeSpan Grace)
{
    private const int DefaultPriority = 0;

    /// <summary>The periods of the two settings that know critical pods and all others only.</summary>
    public static IReadOnlyList<ShutdownPeriod> Of(TimeSpan all, TimeSpan critical) =>
        all <= TimeSpan.Zero || critical > all
            ? []
            : [new(DefaultPriority, Seconds(all - critical)), new(PodFacts.CriticalPriority, Seconds(critical))];

    /// <summary>Periods like <c>0=30s,100000=10s</c>; null for what is none.</summary>
    public static IReadOnlyList<ShutdownPeriod>? Parse(string text)
    {
        var periods = text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ParseOne).ToList();
        return periods.Contains(null) || periods.DistinctBy(static p => p!.Priority).Count() < periods.Count
            ? null : [.. periods.OfType<ShutdownPeriod>()];
    }

    /// <summary>All periods together: how long the machine has to wait.</summary>
    public static TimeSpan Total(IEnumerable<ShutdownPeriod> periods) =>
        periods.Aggregate(TimeSpan.Zero, static (sum, period) => sum + period.Grace);

    /// <summary>The period of a priority among some that are in order: of two that touch, the lower one.</summary>
    public static ShutdownPeriod Find(IReadOnlyList<ShutdownPeriod> periods, int priority) =>
        periods.LastOrDefault(p => p.Priority <= priority) ?? periods[0];

    private static ShutdownPeriod? ParseOne(string text)
    {
        var parts = text.Split('=');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority)
            && GoDuration.Read(parts[1], out var grace) is null && grace >= TimeSpan.Zero
            ? new ShutdownPeriod(priority, Seconds(grace)) : null;
    }

    private static TimeSpan Seconds(TimeSpan period) => TimeSpan.FromSeconds((long)period.TotalSeconds);
}
