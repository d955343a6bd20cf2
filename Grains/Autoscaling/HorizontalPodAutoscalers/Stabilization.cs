using k8s.Models;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Holds on to past recommendations, so that a target does not follow every turn of its figures.</summary>
internal static class Stabilization
{
    /// <summary>No more are kept, whatever the windows: an hour at a step each 15 s, and some.</summary>
    public const int MaxKept = 512;

    /// <summary>Without a behavior: the highest recommendation of the last minutes.</summary>
    public static Limited Default(AutoscalerMemory memory, int wanted, DateTimeOffset now)
    {
        var cutoff = now - ScalingLimits.DownscaleStabilization;
        var held = memory.Recommendations.Where(r => r.Time >= cutoff).Select(static r => r.Replicas)
            .Append(wanted).Max();
        return held != wanted ? Down(held) : Ready(held);
    }

    /// <summary>With a behavior: each direction has its window, and the number moves as far as both agree.</summary>
    public static Limited ByRules(
        AutoscalerMemory memory, int current, int wanted, V2HorizontalPodAutoscalerBehavior behavior,
        DateTimeOffset now)
    {
        var low = Since(memory, UpWindow(behavior), now).Append(wanted).Min();
        var high = Since(memory, DownWindow(behavior), now).Append(wanted).Max();
        var held = Math.Min(Math.Max(current, low), high);
        return held == wanted ? Ready(held)
            : wanted >= current ? Up(held)
            : Down(held);
    }

    /// <summary>The memory with one more recommendation, and without those that no window reaches any more.</summary>
    public static AutoscalerMemory Note(
        AutoscalerMemory memory, int wanted, V2HorizontalPodAutoscalerBehavior? behavior, DateTimeOffset now)
    {
        var window = behavior is null ? ScalingLimits.DownscaleStabilization
            : Longer(UpWindow(behavior), DownWindow(behavior));
        var kept = memory.Recommendations.Where(r => r.Time >= now - window)
            .Append(new Recommendation(wanted, now));
        return memory with { Recommendations = [.. kept.TakeLast(MaxKept)] };
    }

    private static IEnumerable<int> Since(AutoscalerMemory memory, TimeSpan window, DateTimeOffset now) =>
        memory.Recommendations.Where(r => r.Time > now - window).Select(static r => r.Replicas);

    private static TimeSpan UpWindow(V2HorizontalPodAutoscalerBehavior behavior) =>
        TimeSpan.FromSeconds(behavior.ScaleUp?.StabilizationWindowSeconds ?? 0);

    private static TimeSpan DownWindow(V2HorizontalPodAutoscalerBehavior behavior) =>
        behavior.ScaleDown?.StabilizationWindowSeconds is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : ScalingLimits.DownscaleStabilization;

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static Limited Ready(int replicas) =>
        new(replicas, "ReadyForNewScale", "recommended size matches current size");

    private static Limited Up(int replicas) => new(
        replicas, "ScaleUpStabilized",
        "recent recommendations were lower than current one, applying the lowest recent recommendation");

    private static Limited Down(int replicas) => new(
        replicas, "ScaleDownStabilized",
        "recent recommendations were higher than current one, applying the highest recent recommendation");
}
