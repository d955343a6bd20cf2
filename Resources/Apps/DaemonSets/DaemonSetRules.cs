using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.DaemonSets;

/// <summary>Findings on DaemonSets.</summary>
internal static class DaemonSetRules
{
    public static void ValidateSpec(V1DaemonSetSpec spec, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        var before = errors.Count;
        LabelSelectorRules.Validate(spec.Selector, path.Child("selector"), errors);
        if (errors.Count == before)
        {
            WorkloadRules.SelectorMatches(spec.Selector, spec.Template, path, errors);
        }

        if (spec.Selector is { } selector && WorkloadRules.IsEmpty(selector))
        {
            errors.Invalid(
                path.Child("selector"), InternalForm.Shown(selector), "empty selector is invalid for daemonset");
        }

        PodTemplateRules.Validate(spec.Template, path.Child("template"), errors);
        WorkloadRules.AlwaysRunning(spec.Template, path, "DaemonSet", errors);
        WorkloadRules.NonNegative(spec.MinReadySeconds, path, "minReadySeconds", errors);
        Strategy(spec.UpdateStrategy, path.Child("updateStrategy"), errors);
        WorkloadRules.NonNegative(spec.RevisionHistoryLimit, path, "revisionHistoryLimit", errors);
    }

    public static void ValidateStatus(V1DaemonSetStatus status, V1DaemonSetStatus old, FieldErrors errors)
    {
        (string Field, long? Value)[] counts =
        [
            ("currentNumberScheduled", status.CurrentNumberScheduled),
            ("numberMisscheduled", status.NumberMisscheduled),
            ("desiredNumberScheduled", status.DesiredNumberScheduled),
            ("numberReady", status.NumberReady),
            ("observedGeneration", status.ObservedGeneration),
            ("updatedNumberScheduled", status.UpdatedNumberScheduled),
            ("numberAvailable", status.NumberAvailable),
            ("numberUnavailable", status.NumberUnavailable),
            ("collisionCount", status.CollisionCount),
        ];
        foreach (var (field, value) in counts)
        {
            WorkloadRules.NonNegative(value, FieldPath.Of("status"), field, errors);
        }

        WorkloadRules.NotDecremented(status.CollisionCount, old.CollisionCount, errors);
    }

    private static void Strategy(V1DaemonSetUpdateStrategy strategy, FieldPath path, FieldErrors errors)
    {
        switch (strategy.Type)
        {
            case "OnDelete":
                break;
            case "RollingUpdate":
                RollingUpdate(strategy.RollingUpdate, path.Child("rollingUpdate"), errors);
                break;
            default:
                errors.NotSupported(path, InternalForm.Shown(strategy), ["RollingUpdate", "OnDelete"]);
                break;
        }
    }

    private static void RollingUpdate(V1RollingUpdateDaemonSet update, FieldPath path, FieldErrors errors)
    {
        var unavailable = CountOrPercent.Of(update.MaxUnavailable);
        var surge = CountOrPercent.Of(update.MaxSurge);
        unavailable.Validate(path.Child("maxUnavailable"), errors);
        surge.Validate(path.Child("maxSurge"), errors);
        unavailable.ValidateShare(path.Child("maxUnavailable"), errors);
        surge.ValidateShare(path.Child("maxSurge"), errors);
        switch (unavailable.Number, surge.Number)
        {
            case (0, 0):
                errors.Required(path.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
                break;
            case (not 0, not 0):
                errors.Invalid(path.Child("maxSurge"), surge.Shown, "may not be set when maxUnavailable is non-zero");
                break;
        }
    }
}
