using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>What the API itself puts into a new pod, and what it takes out of pods and templates.</summary>
internal static class PodPreparation
{
    private const string GatedMessage = "Scheduling is blocked due to non-empty scheduling gates";

    /// <summary>A fresh status, and label keys merged into the selectors that name them.</summary>
    public static void Create(V1Pod pod)
    {
        var spec = pod.Spec;
        pod.Metadata.Generation = 1;
        pod.Status = new V1PodStatus
        {
            Phase = "Pending",
            QosClass = string.IsNullOrEmpty(pod.Status?.QosClass) ? PodQos.Compute(spec) : pod.Status.QosClass,
        };
        PodDefaults.SyncServiceAccount(spec);
        DropDisabled(spec);
        MergeLabelKeys(pod);
        AppArmorFromAnnotations(pod);
    }

    /// <summary>The condition of a pod that waits for its gates; its time is the creation's.</summary>
    public static void AddGatedCondition(V1Pod pod)
    {
        if (pod.Spec.SchedulingGates is { Count: > 0 })
        {
            pod.Status.Conditions =
            [
                new V1PodCondition
                {
                    Type = "PodScheduled",
                    Status = "False",
                    Reason = "SchedulingGated",
                    Message = GatedMessage,
                    LastTransitionTime = pod.Metadata.CreationTimestamp,
                },
            ];
        }
    }

    /// <summary>Fields behind switches that are off in this version are dropped, as if unknown.</summary>
    public static void DropDisabled(V1PodSpec spec)
    {
        spec.SchedulingGroup = null;
        spec.EvictionResponders = null;
        foreach (var volume in spec.Volumes ?? [])
        {
            foreach (var source in volume.Projected?.Sources ?? [])
            {
                source.ClusterTrustBundle = null;
                source.PodCertificate = null;
            }
        }

        foreach (var container in (spec.InitContainers ?? []).Concat(spec.Containers ?? []))
        {
            container.Lifecycle = WithoutStopSignal(container.Lifecycle);
        }

        foreach (var container in spec.EphemeralContainers ?? [])
        {
            container.Lifecycle = WithoutStopSignal(container.Lifecycle);
        }
    }

    /// <summary>What to warn about before annotations become fields; nobody could tell afterwards.</summary>
    public static IEnumerable<string> AppArmorWarnings(V1Pod pod) =>
        from asked in AppArmorByAnnotation(pod)
        let path = FieldPath.Of("metadata", "annotations").Key(PodAnnotations.AppArmorPrefix + asked.Container.Name)
        select $"{path}: deprecated since v1.30; use the \"appArmorProfile\" field instead";

    /// <summary>A lifecycle that had nothing else is none.</summary>
    private static V1Lifecycle? WithoutStopSignal(V1Lifecycle? lifecycle)
    {
        if (lifecycle?.StopSignal is null)
        {
            return lifecycle;
        }

        lifecycle.StopSignal = null;
        return lifecycle is { PostStart: null, PreStop: null } ? null : lifecycle;
    }

    private static void MergeLabelKeys(V1Pod pod)
    {
        var labels = pod.Metadata.Labels;
        foreach (var constraint in pod.Spec.TopologySpreadConstraints ?? [])
        {
            Merge(constraint.LabelSelector, constraint.MatchLabelKeys, "In", labels);
        }

        var affinity = pod.Spec.Affinity;
        IEnumerable<V1PodAffinityTerm?> terms =
        [
            .. affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution?.Select(
                w => w.PodAffinityTerm) ?? [],
            .. affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [],
            .. affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution?.Select(
                w => w.PodAffinityTerm) ?? [],
            .. affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [],
        ];
        foreach (var term in terms)
        {
            Merge(term?.LabelSelector, term?.MatchLabelKeys, "In", labels);
            Merge(term?.LabelSelector, term?.MismatchLabelKeys, "NotIn", labels);
        }
    }

    private static void Merge(
        V1LabelSelector? selector, IList<string>? keys, string op, IDictionary<string, string>? labels)
    {
        if (selector is null || keys is null || labels is null)
        {
            return;
        }

        foreach (var key in keys)
        {
            if (labels.TryGetValue(key, out var value))
            {
                selector.MatchExpressions =
                    [.. selector.MatchExpressions ?? [], new() { Key = key, OperatorProperty = op, Values = [value] }];
            }
        }
    }

    /// <summary>Old clients ask for AppArmor by annotation; the node reads the field.</summary>
    private static void AppArmorFromAnnotations(V1Pod pod)
    {
        foreach (var (container, profile) in AppArmorByAnnotation(pod))
        {
            if (profile is not null)
            {
                container.SecurityContext ??= new V1SecurityContext();
                container.SecurityContext.AppArmorProfile = profile;
            }
        }
    }

    /// <summary>
    /// The containers that only an annotation gives a profile other than the pod's. The profile is null when the
    /// annotation means none that is valid.
    /// </summary>
    private static IEnumerable<(V1Container Container, V1AppArmorProfile? Profile)> AppArmorByAnnotation(V1Pod pod)
    {
        if (pod.Metadata.Annotations is not { Count: > 0 } annotations || pod.Spec.Os?.Name == "windows")
        {
            yield break;
        }

        foreach (var container in (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers ?? []))
        {
            if (container.SecurityContext?.AppArmorProfile is not null
                || !annotations.TryGetValue(PodAnnotations.AppArmorPrefix + container.Name, out var annotation))
            {
                continue;
            }

            var profile = PodAnnotationRules.AppArmorField(annotation);
            if (profile is null || !ModelShape.SemanticEquals(profile, pod.Spec.SecurityContext?.AppArmorProfile))
            {
                yield return (container, profile);
            }
        }
    }
}
