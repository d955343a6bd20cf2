using k8s.Models;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>A number of replicas, and the condition that says whether and why it is not what was wanted.</summary>
internal readonly record struct Limited(int Replicas, string Reason, string Message);

/// <summary>Between which numbers, and how fast, a target may change: upstream's normalization.</summary>
internal static class ScalingLimits
{
    /// <summary>Without a behavior: so long the highest recommendation holds.</summary>
    public static readonly TimeSpan DownscaleStabilization = TimeSpan.FromMinutes(5);

    private const double UpFactor = 2.0;
    private const int UpMinimum = 4;

    private static readonly (string Reason, string Message) TooMany =
        ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
    private static readonly (string Reason, string Message) TooFew =
        ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
    private static readonly (string Reason, string Message) TooFastUp =
        ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
    private static readonly (string Reason, string Message) TooFastDown =
        ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

    /// <summary>The usual limits: not more than twice as many, or four.</summary>
    public static Limited ByRange(int current, int wanted, int min, int max)
    {
        var fastest = (int)Math.Max(UpFactor * current, UpMinimum);
        var (highest, why) = max > fastest ? (fastest, TooFastUp) : (max, TooMany);
        return wanted < min ? Cut(min, TooFew) : wanted > highest ? Cut(highest, why) : Within(wanted);
    }

    /// <summary>The limits of a behavior's policies.</summary>
    public static Limited ByRules(
        int current, int wanted, int min, int max, V2HorizontalPodAutoscalerBehavior behavior, AutoscalerMemory memory,
        DateTimeOffset now)
    {
        if (wanted > current)
        {
            var fastest = Math.Max(current, UpLimit(current, behavior.ScaleUp, memory, now));
            var (highest, why) = max > fastest ? (fastest, TooFastUp) : (max, TooMany);
            return wanted > highest ? Cut(highest, why) : Within(wanted);
        }

        if (wanted < current)
        {
            var fastest = Math.Min(current, DownLimit(current, behavior.ScaleDown, memory, now));
            var (lowest, why) = min < fastest ? (fastest, TooFastDown) : (min, TooFew);
            return wanted < lowest ? Cut(lowest, why) : Within(wanted);
        }

        return Within(wanted);
    }

    /// <summary>The longest period of a direction's policies.</summary>
    public static TimeSpan LongestPeriod(V2HPAScalingRules? rules) =>
        TimeSpan.FromSeconds((rules?.Policies ?? []).Select(static p => p.PeriodSeconds).DefaultIfEmpty().Max());

    private static int UpLimit(int current, V2HPAScalingRules? rules, AutoscalerMemory memory, DateTimeOffset now) =>
        Choose(current, rules, isLeastMax: false, (policy, start) => policy.Type == "Percent"
            ? Math.Ceiling(start * (1 + (policy.Value / 100.0)))
            : (double)start + policy.Value, memory, now);

    private static int DownLimit(int current, V2HPAScalingRules? rules, AutoscalerMemory memory, DateTimeOffset now) =>
        Choose(current, rules, isLeastMax: true, (policy, start) => policy.Type == "Percent"
            ? Math.Truncate(start * (1 - (policy.Value / 100.0)))
            : (double)start - policy.Value, memory, now);

    /// <summary>What the policies allow, counted from where their periods began.</summary>
    private static int Choose(
        int current, V2HPAScalingRules? rules, bool isLeastMax, Func<V2HPAScalingPolicy, int, double> allow,
        AutoscalerMemory memory, DateTimeOffset now)
    {
        if (rules?.SelectPolicy == "Disabled")
        {
            return current;
        }

        // The smallest change going down is the largest number.
        var takesMax = rules?.SelectPolicy == "Min" ? isLeastMax : !isLeastMax;
        var allowed = (rules?.Policies ?? []).Select(policy =>
        {
            var cutoff = now - TimeSpan.FromSeconds(policy.PeriodSeconds);
            var start = current - Since(memory.Ups, cutoff) + Since(memory.Downs, cutoff);
            return (int)Math.Clamp(allow(policy, start), int.MinValue, int.MaxValue);
        }).DefaultIfEmpty(takesMax ? int.MinValue : int.MaxValue);
        return takesMax ? allowed.Max() : allowed.Min();
    }

    private static int Since(IReadOnlyList<Recommendation> changes, DateTimeOffset cutoff) =>
        changes.Where(c => c.Time > cutoff).Sum(static c => c.Replicas);

    private static Limited Within(int replicas) =>
        new(replicas, "DesiredWithinRange", "the desired count is within the acceptable range");

    private static Limited Cut(int replicas, (string Reason, string Message) why) =>
        new(replicas, why.Reason, why.Message);
}
