using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.Deployments;

/// <summary>Findings on Deployments.</summary>
internal static class DeploymentRules
{
    private const string TooMany = "cannot be greater than status.replicas";

    public static void ValidateSpec(V1DeploymentSpec spec, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        WorkloadRules.NonNegative(spec.Replicas, path, "replicas", errors);
        WorkloadRules.SelectorAndTemplate(spec.Selector, spec.Template, path, errors);
        Strategy(spec.Strategy, path.Child("strategy"), errors);
        WorkloadRules.NonNegative(spec.MinReadySeconds, path, "minReadySeconds", errors);
        WorkloadRules.NonNegative(spec.RevisionHistoryLimit, path, "revisionHistoryLimit", errors);
        if (spec.ProgressDeadlineSeconds is { } deadline)
        {
            WorkloadRules.NonNegative(deadline, path, "progressDeadlineSeconds", errors);
            if (deadline <= (spec.MinReadySeconds ?? 0))
            {
                errors.Invalid(path.Child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds");
            }
        }
    }

    public static void ValidateStatus(V1DeploymentStatus status, V1DeploymentStatus old, FieldErrors errors)
    {
        var path = FieldPath.Of("status");
        WorkloadRules.NonNegative(status.ObservedGeneration, path, "observedGeneration", errors);
        WorkloadRules.NonNegative(status.Replicas, path, "replicas", errors);
        WorkloadRules.NonNegative(status.UpdatedReplicas, path, "updatedReplicas", errors);
        WorkloadRules.NonNegative(status.ReadyReplicas, path, "readyReplicas", errors);
        WorkloadRules.NonNegative(status.AvailableReplicas, path, "availableReplicas", errors);
        WorkloadRules.NonNegative(status.UnavailableReplicas, path, "unavailableReplicas", errors);
        WorkloadRules.NonNegative(status.TerminatingReplicas, path, "terminatingReplicas", errors);
        WorkloadRules.NonNegative(status.CollisionCount, path, "collisionCount", errors);
        WorkloadRules.AtMost(status.UpdatedReplicas, status.Replicas, path, "updatedReplicas", TooMany, errors);
        WorkloadRules.AtMost(status.ReadyReplicas, status.Replicas, path, "readyReplicas", TooMany, errors);
        WorkloadRules.AtMost(status.AvailableReplicas, status.Replicas, path, "availableReplicas", TooMany, errors);
        WorkloadRules.AtMost(
            status.AvailableReplicas, status.ReadyReplicas, path, "availableReplicas", "cannot be greater than readyReplicas", errors);
        if (old.CollisionCount is { } count && (status.CollisionCount ?? int.MinValue) < count)
        {
            errors.Invalid(path.Child("collisionCount"), status.CollisionCount ?? 0, "cannot be decremented");
        }
    }

    private static void Strategy(V1DeploymentStrategy strategy, FieldPath path, FieldErrors errors)
    {
        switch (strategy.Type)
        {
            case "Recreate":
                if (strategy.RollingUpdate is not null)
                {
                    errors.Forbidden(
                        path.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'");
                }

                break;
            case "RollingUpdate":
                RollingUpdate(strategy.RollingUpdate ?? new(), path.Child("rollingUpdate"), errors);
                break;
            default:
                errors.NotSupported(path, new RawJson(InternalForm.Compact(strategy)), ["Recreate", "RollingUpdate"]);
                break;
        }
    }

    private static void RollingUpdate(V1RollingUpdateDeployment update, FieldPath path, FieldErrors errors)
    {
        var unavailable = Read(update.MaxUnavailable);
        var surge = Read(update.MaxSurge);
        CountOrPercent(unavailable, path.Child("maxUnavailable"), errors);
        CountOrPercent(surge, path.Child("maxSurge"), errors);
        if (unavailable.Number == 0 && surge.Number == 0)
        {
            errors.Invalid(path.Child("maxUnavailable"), unavailable.Shown, "may not be 0 when `maxSurge` is 0");
        }

        if (unavailable is { IsPercent: true, Number: > 100 })
        {
            errors.Invalid(path.Child("maxUnavailable"), unavailable.Shown, "must not be greater than 100%");
        }
    }

    private static void CountOrPercent(Amount amount, FieldPath path, FieldErrors errors)
    {
        if (amount.Shown is string text)
        {
            errors.InvalidEach(path, text, NameRules.Percent(text));
        }
        else if (amount.Number < 0)
        {
            errors.Invalid(path, amount.Number, "must be greater than or equal to 0");
        }
    }

    /// <summary>What is neither number nor percentage counts as zero.</summary>
    private static Amount Read(IntOrString? value)
    {
        if (PortOrText.IsNumber(value, out var number))
        {
            return new Amount(number, false, number);
        }

        var text = value!.Value ?? "";
        var isPercent = text.EndsWith('%')
            && int.TryParse(
                text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out number);
        return new Amount(isPercent ? number : 0, isPercent, text);
    }

    private readonly record struct Amount(int Number, bool IsPercent, object Shown);
}
