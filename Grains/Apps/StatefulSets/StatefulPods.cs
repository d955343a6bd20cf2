using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>Identity of a StatefulSet's pods: names, ordinals, labels, host names and claims.</summary>
public static class StatefulPods
{
    /// <summary>The label with the name of the revision that a pod was made from.</summary>
    public const string RevisionLabel = "controller-revision-hash";

    private const string PodNameLabel = "statefulset.kubernetes.io/pod-name";
    private const string IndexLabel = "apps.kubernetes.io/pod-index";

    /// <summary>The lowest ordinal.</summary>
    public static int Start(V1StatefulSet set) => set.Spec.Ordinals?.Start ?? 0;

    /// <summary>True for an ordinal that the set wants a pod of.</summary>
    public static bool IsInRange(V1StatefulSet set, int ordinal) =>
        ordinal >= Start(set) && ordinal < Start(set) + (set.Spec.Replicas ?? 1);

    /// <summary>The ordinal in a pod's name; -1 for a name that is not of this set.</summary>
    public static int Ordinal(V1StatefulSet set, string podName)
    {
        var dash = podName.LastIndexOf('-');
        return dash == set.Metadata.Name.Length
            && podName.StartsWith(set.Metadata.Name, StringComparison.Ordinal)
            && int.TryParse(podName.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
                ? ordinal
                : -1;
    }

    public static string Name(V1StatefulSet set, int ordinal) =>
        string.Create(CultureInfo.InvariantCulture, $"{set.Metadata.Name}-{ordinal}");

    public static string ClaimName(V1StatefulSet set, V1PersistentVolumeClaim template, int ordinal) =>
        string.Create(CultureInfo.InvariantCulture, $"{template.Metadata.Name}-{set.Metadata.Name}-{ordinal}");

    /// <summary>A new pod.</summary>
    public static V1Pod New(V1StatefulSet set, V1PodTemplateSpec template, string revision, int ordinal)
    {
        var name = Name(set, ordinal);
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                GenerateName = $"{set.Metadata.Name}-",
                NamespaceProperty = set.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>(
                    template.Metadata?.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal)
                {
                    [RevisionLabel] = revision,
                },
                Annotations = template.Metadata?.Annotations,
                Finalizers = template.Metadata?.Finalizers,
                OwnerReferences = [set.ControllerReference()],
            },
            Spec = ResourceCodec.Decode<V1PodSpec>(ResourceCodec.Encode(template.Spec)),
        };
        SetIdentity(set, ordinal, pod);
        pod.Spec.Hostname = name;
        pod.Spec.Subdomain = set.Spec.ServiceName;
        return pod;
    }

    /// <summary>The claims that a pod needs.</summary>
    public static IEnumerable<V1PersistentVolumeClaim> Claims(V1StatefulSet set, int ordinal)
    {
        foreach (var template in set.Spec.VolumeClaimTemplates ?? [])
        {
            var claim = ResourceCodec.Decode<V1PersistentVolumeClaim>(ResourceCodec.Encode(template));
            claim.Metadata.Name = ClaimName(set, template, ordinal);
            claim.Metadata.NamespaceProperty = set.Metadata.NamespaceProperty;
            claim.Metadata.Labels ??= new Dictionary<string, string>();
            foreach (var (key, value) in set.Spec.Selector.MatchLabels ?? new Dictionary<string, string>())
            {
                claim.Metadata.Labels[key] = value;
            }

            yield return claim;
        }
    }

    /// <summary>True if a pod is labelled as what its name says, and mounts its claims.</summary>
    public static bool IsMember(V1StatefulSet set, int ordinal, PodFacts pod) =>
        pod.Labels.GetValueOrDefault(PodNameLabel) == pod.Key.Name && MountsItsClaims(set, ordinal, pod);

    /// <summary>Labels a pod as what its name says, and lets it mount its claims.</summary>
    public static void SetIdentity(V1StatefulSet set, int ordinal, V1Pod pod)
    {
        pod.Metadata.Labels ??= new Dictionary<string, string>();
        pod.Metadata.Labels[PodNameLabel] = pod.Metadata.Name;
        pod.Metadata.Labels[IndexLabel] = ordinal.ToString(CultureInfo.InvariantCulture);
        if (set.Spec.VolumeClaimTemplates is not { Count: > 0 } templates)
        {
            return;
        }

        var names = templates.Select(t => t.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        pod.Spec.Volumes =
        [
            .. templates.Select(t => new V1Volume
            {
                Name = t.Metadata.Name,
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource
                {
                    ClaimName = ClaimName(set, t, ordinal),
                },
            }),
            .. (pod.Spec.Volumes ?? []).Where(v => !names.Contains(v.Name)),
        ];
    }

    /// <summary>True if each claim that the set makes for a pod is a volume of it.</summary>
    public static bool MountsItsClaims(V1StatefulSet set, int ordinal, PodFacts pod)
    {
        if (set.Spec.VolumeClaimTemplates is not { Count: > 0 } templates)
        {
            return true;
        }

        var volumes = pod.Item.As<V1Pod>().Spec.Volumes ?? [];
        return templates.All(t => volumes.Any(v =>
            v.Name == t.Metadata.Name && v.PersistentVolumeClaim?.ClaimName == ClaimName(set, t, ordinal)));
    }
}
