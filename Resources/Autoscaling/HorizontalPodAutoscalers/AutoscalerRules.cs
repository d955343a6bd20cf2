using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Findings on what an autoscaler scales, how far and how fast.</summary>
internal static class AutoscalerRules
{
    private const int MaxWindowSeconds = 3600;
    private const int MaxPeriodSeconds = 1800;
    private const string Positive = "must be greater than zero";

    private static readonly string[] SelectPolicies = ["Disabled", "Max", "Min"];
    private static readonly string[] PolicyTypes = ["Percent", "Pods"];

    /// <summary>Findings on a spec with defaults; what an update leaves as it was stays accepted.</summary>
    public static void ValidateSpec(
        V2HorizontalPodAutoscalerSpec spec, V2HorizontalPodAutoscalerSpec? old, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");

        // Zero takes a feature that is off, but for those who have it from when it was on.
        var bound = old?.MinReplicas == 0 ? 0 : 1;
        if (spec.MinReplicas < bound)
        {
            errors.Invalid(path.Child("minReplicas"), spec.MinReplicas, $"must be greater than or equal to {bound}");
        }

        var max = path.Child("maxReplicas");
        if (spec.MaxReplicas == 0)
        {
            errors.Required(max, "must be set and greater than 0");
        }
        else if (spec.MaxReplicas < 0)
        {
            errors.Invalid(max, spec.MaxReplicas, "must be greater than or equal to 1");
        }

        if (spec.MaxReplicas < spec.MinReplicas)
        {
            errors.Invalid(max, spec.MaxReplicas, "must be greater than or equal to `minReplicas`");
        }

        var target = spec.ScaleTargetRef;
        var isKept = (old?.ScaleTargetRef.ApiVersion, old?.ScaleTargetRef.Kind) == (target.ApiVersion, target.Kind);
        ReferenceRules.Validate(
            target,
            path.Child("scaleTargetRef"),
            old is not null && isKept,
            mayBeCore: target.Kind == "ReplicationController",
            errors);
        MetricRules.Validate(spec, old, path.Child("metrics"), errors);
        ValidateRules(spec.Behavior?.ScaleUp, path.Child("behavior", "scaleUp"), errors);
        ValidateRules(spec.Behavior?.ScaleDown, path.Child("behavior", "scaleDown"), errors);
    }

    private static void ValidateRules(V2HPAScalingRules? rules, FieldPath path, FieldErrors errors)
    {
        if (rules is null)
        {
            return;
        }

        var window = path.Child("stabilizationWindowSeconds");
        if (rules.StabilizationWindowSeconds < 0)
        {
            errors.Invalid(window, rules.StabilizationWindowSeconds, "must be greater than or equal to zero");
        }

        if (rules.StabilizationWindowSeconds > MaxWindowSeconds)
        {
            errors.Invalid(window, rules.StabilizationWindowSeconds, AtMost(MaxWindowSeconds));
        }

        if (rules.SelectPolicy is { } selected && !SelectPolicies.Contains(selected, StringComparer.Ordinal))
        {
            errors.NotSupported(path.Child("selectPolicy"), selected, SelectPolicies);
        }

        var policies = path.Child("policies");
        if (rules.Policies is not { Count: > 0 })
        {
            errors.Required(policies, "must specify at least one Policy");
        }

        foreach (var (i, policy) in (rules.Policies ?? []).Index())
        {
            ValidatePolicy(policy, policies.Index(i), errors);
        }

        if (rules.Tolerance is not null && Quantity.Of(rules.Tolerance) is { Sign: < 0 } tolerance)
        {
            errors.Invalid(path.Child("tolerance"), tolerance.ToString(), FieldErrors.NotNegative);
        }
    }

    private static void ValidatePolicy(V2HPAScalingPolicy policy, FieldPath path, FieldErrors errors)
    {
        if (!PolicyTypes.Contains(policy.Type, StringComparer.Ordinal))
        {
            errors.NotSupported(path.Child("type"), policy.Type ?? "", PolicyTypes);
        }

        if (policy.Value <= 0)
        {
            errors.Invalid(path.Child("value"), policy.Value, Positive);
        }

        var period = path.Child("periodSeconds");
        if (policy.PeriodSeconds <= 0)
        {
            errors.Invalid(period, policy.PeriodSeconds, Positive);
        }

        if (policy.PeriodSeconds > MaxPeriodSeconds)
        {
            errors.Invalid(period, policy.PeriodSeconds, AtMost(MaxPeriodSeconds));
        }
    }

    private static string AtMost(int max) => $"must be less than or equal to {max}";
}
