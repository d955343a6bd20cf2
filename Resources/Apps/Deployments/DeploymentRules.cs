using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.Deployments;

/// <summary>Findings on Deployments.</summary>
internal static class DeploymentRules
{
    private const string TooMany = WorkloadRules.TooMany;

    public static void ValidateSpec(V1DeploymentSpec spec, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        WorkloadRules.NonNegative(spec.Replicas, path, "replicas", errors);
        WorkloadRules.ReplicaSetTemplate(spec.Selector, spec.Template, path, errors);
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
        WorkloadRules.NotDecremented(status.CollisionCount, old.CollisionCount, errors);
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
        var unavailable = CountOrPercent.Of(update.MaxUnavailable);
        var surge = CountOrPercent.Of(update.MaxSurge);
        unavailable.Validate(path.Child("maxUnavailable"), errors);
        surge.Validate(path.Child("maxSurge"), errors);
        if (unavailable.Number == 0 && surge.Number == 0)
        {
            errors.Invalid(path.Child("maxUnavailable"), unavailable.Shown, "may not be 0 when `maxSurge` is 0");
        }

        unavailable.ValidateShare(path.Child("maxUnavailable"), errors);
    }
}
