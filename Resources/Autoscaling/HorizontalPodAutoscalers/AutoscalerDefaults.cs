using k8s.Models;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What an autoscaler does where nobody says.</summary>
internal static class AutoscalerDefaults
{
    public const int CpuUtilization = 80;

    /// <summary>Keeps the share of requested cpu that pods use, where no metric is given.</summary>
    public static void Apply(V2HorizontalPodAutoscalerSpec spec)
    {
        spec.MinReplicas ??= 1;
        if (spec.Metrics is not { Count: > 0 })
        {
            spec.Metrics = [Cpu(CpuUtilization)];
        }
    }

    /// <summary>Where one direction is said anything of, both have all their fields.</summary>
    public static void Apply(V2HorizontalPodAutoscalerBehavior? behavior)
    {
        if (behavior is not null)
        {
            behavior.ScaleUp = Fill(behavior.ScaleUp, 0, [Policy("Pods", 4), Policy("Percent", 100)]);
            behavior.ScaleDown = Fill(behavior.ScaleDown, null, [Policy("Percent", 100)]);
        }
    }

    /// <summary>The metric that is a share of the cpu that pods request.</summary>
    public static V2MetricSpec Cpu(int percent) => new()
    {
        Type = "Resource",
        Resource = new V2ResourceMetricSource
        {
            Name = "cpu",
            Target = new V2MetricTarget { Type = "Utilization", AverageUtilization = percent },
        },
    };

    private static V2HPAScalingRules Fill(V2HPAScalingRules? rules, int? window, IList<V2HPAScalingPolicy> policies)
    {
        rules ??= new V2HPAScalingRules();
        rules.SelectPolicy ??= "Max";
        rules.StabilizationWindowSeconds ??= window;
        rules.Policies ??= policies;
        return rules;
    }

    private static V2HPAScalingPolicy Policy(string type, int value) =>
        new() { Type = type, Value = value, PeriodSeconds = 15 };
}
