using k8s.Models;
using OrleansOrchestrator.Resources.Core.ClaimSpecs;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.StatefulSets;

/// <summary>Findings on StatefulSets.</summary>
internal static class StatefulSetRules
{
    private const string TooMany = WorkloadRules.TooMany;
    private static readonly string[] RetentionPolicies = ["Retain", "Delete"];

    /// <summary>Findings on a spec with defaults.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="isNew">
    /// False on an update: rules that came later than objects which break them hold for new ones only, and what they
    /// are about cannot change.
    /// </param>
    /// <param name="errors">Takes the findings.</param>
    public static void ValidateSpec(V1StatefulSetSpec spec, bool isNew, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        if (spec.PodManagementPolicy is not ("OrderedReady" or "Parallel"))
        {
            errors.Invalid(
                path.Child("podManagementPolicy"), spec.PodManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
        }

        Strategy(spec.UpdateStrategy, path.Child("updateStrategy"), errors);
        Retention(
            spec.PersistentVolumeClaimRetentionPolicy, path.Child("persistentVolumeClaimRetentionPolicy"), errors);
        for (var i = 0; isNew && i < (spec.VolumeClaimTemplates?.Count ?? 0); i++)
        {
            ClaimRules.Validate(
                spec.VolumeClaimTemplates![i].Spec, path.Child("volumeClaimTemplates").Index(i).Child("spec"), errors);
        }

        WorkloadRules.NonNegative(spec.Replicas, path, "replicas", errors);
        WorkloadRules.NonNegative(spec.MinReadySeconds, path, "minReadySeconds", errors);
        WorkloadRules.NonNegative(spec.Ordinals?.Start, path, "ordinals.start", errors);
        if (isNew && !string.IsNullOrEmpty(spec.ServiceName))
        {
            errors.InvalidEach(path.Child("serviceName"), spec.ServiceName, NameRules.DnsLabel(spec.ServiceName));
        }

        if (WorkloadRules.Selector(spec.Selector, path.Child("selector"), "statefulset", "", errors))
        {
            WorkloadRules.SelectorMatches(spec.Selector, spec.Template, path, errors);
            PodTemplateRules.Validate(WithClaims(spec), path.Child("template"), errors);

            // Upstream says these twice, once from before it validated the whole template.
            PodTemplateRules.ValidateMetadata(spec.Template, path.Child("template"), errors);
        }

        WorkloadRules.AlwaysRunning(spec.Template, path, "StatefulSet", errors);
    }

    /// <summary>Only what the controller can roll out may change.</summary>
    public static void ValidateUnchanged(V1StatefulSetSpec spec, V1StatefulSetSpec old, FieldErrors errors)
    {
        var rest = new V1StatefulSetSpec
        {
            Selector = spec.Selector,
            ServiceName = spec.ServiceName,
            PodManagementPolicy = spec.PodManagementPolicy,
            VolumeClaimTemplates = spec.VolumeClaimTemplates,
            Replicas = old.Replicas,
            Ordinals = old.Ordinals,
            Template = old.Template,
            UpdateStrategy = old.UpdateStrategy,
            RevisionHistoryLimit = old.RevisionHistoryLimit,
            PersistentVolumeClaimRetentionPolicy = old.PersistentVolumeClaimRetentionPolicy,
            MinReadySeconds = old.MinReadySeconds,
        };
        if (!ModelShape.SemanticEquals(rest, old))
        {
            errors.Forbidden(
                FieldPath.Of("spec"),
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', " +
                "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and " +
                "'minReadySeconds' are forbidden");
        }
    }

    public static void ValidateStatus(V1StatefulSetStatus status, V1StatefulSetStatus old, FieldErrors errors)
    {
        var path = FieldPath.Of("status");
        WorkloadRules.NonNegative(status.Replicas, path, "replicas", errors);
        WorkloadRules.NonNegative(status.ReadyReplicas, path, "readyReplicas", errors);
        WorkloadRules.NonNegative(status.CurrentReplicas, path, "currentReplicas", errors);
        WorkloadRules.NonNegative(status.UpdatedReplicas, path, "updatedReplicas", errors);
        WorkloadRules.NonNegative(status.AvailableReplicas, path, "availableReplicas", errors);
        WorkloadRules.NonNegative(status.ObservedGeneration, path, "observedGeneration", errors);
        WorkloadRules.NonNegative(status.CollisionCount, path, "collisionCount", errors);
        WorkloadRules.AtMost(status.ReadyReplicas, status.Replicas, path, "readyReplicas", TooMany, errors);
        WorkloadRules.AtMost(status.CurrentReplicas, status.Replicas, path, "currentReplicas", TooMany, errors);
        WorkloadRules.AtMost(status.UpdatedReplicas, status.Replicas, path, "updatedReplicas", TooMany, errors);
        WorkloadRules.AtMost(status.AvailableReplicas, status.Replicas, path, "availableReplicas", TooMany, errors);
        WorkloadRules.AtMost(
            status.AvailableReplicas,
            status.ReadyReplicas,
            path,
            "availableReplicas",
            "cannot be greater than status.readyReplicas",
            errors);
        WorkloadRules.NotDecremented(status.CollisionCount, old.CollisionCount, errors);
    }

    private static void Strategy(V1StatefulSetUpdateStrategy strategy, FieldPath path, FieldErrors errors)
    {
        switch (strategy.Type)
        {
            case "OnDelete" when strategy.RollingUpdate is not null:
                errors.Invalid(
                    path.Child("rollingUpdate"),
                    InternalForm.Shown(strategy.RollingUpdate),
                    "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "OnDelete":
                break;
            case "RollingUpdate":
                WorkloadRules.NonNegative(
                    strategy.RollingUpdate?.Partition, path.Child("rollingUpdate"), "partition", errors);
                break;
            default:
                errors.Invalid(path, InternalForm.Shown(strategy), "must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
    }

    private static void Retention(
        V1StatefulSetPersistentVolumeClaimRetentionPolicy policy, FieldPath path, FieldErrors errors)
    {
        if (!RetentionPolicies.Contains(policy.WhenDeleted, StringComparer.Ordinal))
        {
            errors.NotSupported(path.Child("whenDeleted"), policy.WhenDeleted, RetentionPolicies);
        }

        if (!RetentionPolicies.Contains(policy.WhenScaled, StringComparer.Ordinal))
        {
            errors.NotSupported(path.Child("whenScaled"), policy.WhenScaled, RetentionPolicies);
        }
    }

    /// <summary>
    /// The template as pods will be: with volumes of the claims, in place of those that have their names.
    /// </summary>
    private static V1PodTemplateSpec WithClaims(V1StatefulSetSpec spec)
    {
        if (spec.VolumeClaimTemplates is not { Count: > 0 } claims)
        {
            return spec.Template;
        }

        var names = claims.Select(c => c.Metadata?.Name ?? "").Distinct(StringComparer.Ordinal).ToList();
        var pod = PodCopies.Of(spec.Template.Spec);
        pod.Volumes =
        [
            .. (pod.Volumes ?? []).Where(v => !names.Contains(v.Name, StringComparer.Ordinal)),
            .. names.Select(n => new V1Volume
            {
                Name = n,
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = n },
            }),
        ];
        return new V1PodTemplateSpec { Metadata = spec.Template.Metadata, Spec = pod };
    }
}
