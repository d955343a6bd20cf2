using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>The pods of DaemonSets: what each is made like, and which node each is for.</summary>
public static class DaemonPods
{
    /// <summary>The label with the hash of the revision that a pod was made from.</summary>
    public const string HashLabel = "controller-revision-hash";

    /// <summary>The label with the generation of the template that a pod was made from.</summary>
    public const string GenerationLabel = "pod-template-generation";

    private const string GenerationAnnotation = "deprecated.daemonset.template.generation";

    /// <summary>A daemon serves its node in trouble too; upstream's order.</summary>
    private static readonly (string Key, string Effect)[] Tolerated =
    [
        ("node.kubernetes.io/not-ready", Taint.NoExecute),
        ("node.kubernetes.io/unreachable", Taint.NoExecute),
        ("node.kubernetes.io/disk-pressure", Taint.NoSchedule),
        ("node.kubernetes.io/memory-pressure", Taint.NoSchedule),
        ("node.kubernetes.io/pid-pressure", Taint.NoSchedule),
        ("node.kubernetes.io/unschedulable", Taint.NoSchedule),
    ];

    private static readonly (string Key, string Effect) ToleratedOnHostNetwork =
        ("node.kubernetes.io/network-unavailable", Taint.NoSchedule);

    /// <summary>A node as scheduling sees it, read once per version.</summary>
    public static NodeInfo Node(ResourceObject item) => item.Facts(static i =>
    {
        var node = new NodeInfo(i.Key.Name, new VersionClock());
        node.Update(i, new ScalarResources());
        return node;
    });

    /// <summary>True for a change of a node that can change its fitness.</summary>
    public static bool IsRelevant(ResourceChange change)
    {
        if (change.Kind != ChangeKind.Modified || change.Previous is null)
        {
            return true;
        }

        var (before, now) = (Node(change.Previous), Node(change.Object));
        return !before.Taints.SequenceEqual(now.Taints)
            || before.Labels.Count != now.Labels.Count
            || before.Labels.Any(l => now.Labels.GetValueOrDefault(l.Key) != l.Value);
    }

    /// <summary>Says of nodes whether a pod of the template starts there, and whether one there stays.</summary>
    public static Func<NodeInfo, NodeFitness> FitnessFor(V1PodTemplateSpec template)
    {
        var spec = Spec(template);
        var shape = PodShapeParser.Parse(ResourceCodec.Encode(spec), new ScalarResources());
        return node =>
        {
            if ((!string.IsNullOrEmpty(spec.NodeName) && spec.NodeName != node.Name)
                || shape.Required?.Matches(node) == false)
            {
                return NodeFitness.Unfit;
            }

            var fitness = NodeFitness.Fit;
            foreach (var taint in node.Taints)
            {
                fitness = taint.Effect switch
                {
                    _ when shape.Tolerates(taint) => fitness,
                    Taint.NoExecute => NodeFitness.Unfit,
                    Taint.NoSchedule when fitness == NodeFitness.Fit => NodeFitness.FitToStay,
                    _ => fitness,
                };
            }

            return fitness;
        };
    }

    /// <summary>The node that a pod is on or is meant for; null for a pod that is meant for none.</summary>
    public static string? TargetOf(PodFacts pod) => pod.NodeName.Length > 0 ? pod.NodeName : pod.ConfinedTo;

    /// <summary>The generation of a set's template, as its pods are labelled; null when it is not known.</summary>
    public static string? GenerationOf(V1DaemonSet set) =>
        set.Metadata.Annotations?.TryGetValue(GenerationAnnotation, out var text) == true
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var generation)
            ? generation.ToString(CultureInfo.InvariantCulture)
            : null;

    /// <summary>A new pod, for any node.</summary>
    public static V1Pod New(V1DaemonSet set, string hash)
    {
        var template = set.Spec.Template;
        var labels = new Dictionary<string, string>(
            template.Metadata?.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        if (GenerationOf(set) is { } generation)
        {
            labels[GenerationLabel] = generation;
        }

        labels[HashLabel] = hash;
        return new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                GenerateName = new ChildNames(set.Metadata.Name, set.Metadata.Uid).Prefix,
                NamespaceProperty = set.Metadata.NamespaceProperty,
                Labels = labels,
                Annotations = template.Metadata?.Annotations,
                Finalizers = template.Metadata?.Finalizers,
                OwnerReferences = [set.ControllerReference()],
            },
            Spec = Spec(template),
        };
    }

    /// <summary>The pod, confined to a node. It was found fit for it, so its own required terms may go.</summary>
    public static V1Pod For(V1Pod pod, string node)
    {
        var affinity = pod.Spec.Affinity ?? new V1Affinity();
        var required = new V1NodeSelector
        {
            NodeSelectorTerms =
            [
                new V1NodeSelectorTerm
                {
                    MatchFields =
                    [
                        new V1NodeSelectorRequirement { Key = ConfinedNode.NameField, OperatorProperty = "In", Values = [node] },
                    ],
                },
            ],
        };
        return pod with
        {
            Spec = pod.Spec with
            {
                Affinity = affinity with
                {
                    NodeAffinity = (affinity.NodeAffinity ?? new V1NodeAffinity()) with
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = required,
                    },
                },
            },
        };
    }

    /// <summary>A private copy of the template's spec that tolerates what a daemon does.</summary>
    private static V1PodSpec Spec(V1PodTemplateSpec template)
    {
        var spec = ResourceCodec.Decode<V1PodSpec>(ResourceCodec.Encode(template.Spec));
        spec.Tolerations ??= [];
        foreach (var (key, effect) in spec.HostNetwork == true ? [.. Tolerated, ToleratedOnHostNetwork] : Tolerated)
        {
            var same = spec.Tolerations.FirstOrDefault(t =>
                t.Key == key && t.Effect == effect && t.OperatorProperty == "Exists" && string.IsNullOrEmpty(t.Value));
            if (same is not null)
            {
                same.TolerationSeconds = null;
                continue;
            }

            spec.Tolerations.Add(new V1Toleration { Key = key, OperatorProperty = "Exists", Effect = effect });
        }

        return spec;
    }
}

/// <summary>What a node is to a daemon.</summary>
public enum NodeFitness
{
    /// <summary>No pod belongs there.</summary>
    Unfit,

    /// <summary>A pod that is there stays; a new one is not started.</summary>
    FitToStay,

    Fit,
}
