using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using ResourceNames = OrleansOrchestrator.Resources.Core.Pods.ResourceNames;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>What a pod that was bound to the node is judged by.</summary>
public sealed record PodAdmissionInput
{
    public required V1Pod Pod { get; init; }

    /// <summary>The pods already accepted and not ended.</summary>
    public IReadOnlyList<V1Pod> Others { get; init; } = [];

    /// <summary>Null while the API has not told of it.</summary>
    public V1Node? Node { get; init; }

    public IDictionary<string, ResourceQuantity> Allocatable { get; init; } =
        new Dictionary<string, ResourceQuantity>();

    public Pressure Pressure { get; init; }

    /// <summary>The machine is about to go down.</summary>
    public bool IsShuttingDown { get; init; }

    public RuntimeAbilities Abilities { get; init; } = RuntimeAbilities.None;

    /// <summary>Whether a resource is a plugin's: who gets that is not decided by amounts.</summary>
    public Func<string, bool> IsDevice { get; init; } = static _ => false;

    /// <summary>The kernel enforces AppArmor profiles.</summary>
    public bool HasAppArmor { get; init; }

    /// <summary>Which settings of the kernel the pod may have.</summary>
    public SysctlAllowlist Sysctls { get; init; } = SysctlAllowlist.SafeOnly;
}

/// <summary>
/// The node's own last word on a pod that was bound to it. One check after the other, in the kubelet's order; the first
/// that refuses gives reason and message, and they are the kubelet's. Refused is final: the pod fails. What only keeps
/// a pod from starting for now is no matter of admission but of the step that cannot be done. Pure.
/// </summary>
public static class PodAdmission
{
    /// <summary>The name of the number of pods among the node's resources.</summary>
    public const string Pods = "pods";

    private static readonly Func<PodAdmissionInput, PodVerdict?>[] BeforeRoom =
        [Pressure, Sysctls, OperatingSystemLabel, OperatingSystem, SupplementalGroups];

    private static readonly Func<PodAdmissionInput, PodVerdict?>[] AfterRoom =
        [Affinity, HostPorts, Taints, AppArmor, NodeFeatures, Shutdown];

    /// <summary>Null admits.</summary>
    public static PodVerdict? Check(PodAdmissionInput input) => First([.. BeforeRoom, Room, .. AfterRoom], input);

    /// <summary>The same for a pod that others make room for.</summary>
    public static PodVerdict? CheckButRoom(PodAdmissionInput input) => First([.. BeforeRoom, .. AfterRoom], input);

    /// <summary>The first of its resources that the pod does not get beside the others.</summary>
    public static PodVerdict? FindShortage(PodAdmissionInput input) => Shortages(input).FirstOrDefault()?.Verdict;

    /// <summary>All that the pod does not get beside the others, a place among them included.</summary>
    public static IReadOnlyList<MissingAmount> Missing(PodAdmissionInput input) =>
        [.. PodCount(input).Concat(Shortages(input)).Select(static s => new MissingAmount(s.Resource, s.Missing))];

    private static PodVerdict? First(
        IEnumerable<Func<PodAdmissionInput, PodVerdict?>> checks, PodAdmissionInput input) =>
        checks.Select(check => check(input)).FirstOrDefault(static verdict => verdict is not null);

    private static PodVerdict? Room(PodAdmissionInput input) =>
        PodCount(input).Concat(Shortages(input)).FirstOrDefault()?.Verdict;

    private static IEnumerable<Shortage> Shortages(PodAdmissionInput input)
    {
        foreach (var resource in RequestedResources(input))
        {
            var requested = PodResources.Requested(input.Pod, resource);
            var used = requested == 0 ? 0 : input.Others.Sum(o => PodResources.Occupied(o, resource));
            var capacity = PodResources.Of(Amounts(input, resource), resource);
            if (requested > 0 && used + requested > capacity)
            {
                yield return new Shortage(resource, requested, used, capacity);
            }
        }
    }

    /// <summary>
    /// A node that is short of something takes nothing more, except what the system needs; short of memory alone, it
    /// takes pods that say how much they want.
    /// </summary>
    private static PodVerdict? Pressure(PodAdmissionInput input)
    {
        if (input.Pressure == Node.Pressure.None || input.Pod.IsCritical())
        {
            return null;
        }

        var memoryTaint = new V1Taint { Key = "node.kubernetes.io/memory-pressure", Effect = "NoSchedule" };
        var fits = input.Pressure == Node.Pressure.Memory
            && (PodResources.Qos(input.Pod) != PodResources.BestEffort || Tolerates(input.Pod, memoryTaint));
        return fits ? null : new PodVerdict("Evicted", EvictionMessages.Refused(input.Pressure));
    }

    private static PodVerdict? Sysctls(PodAdmissionInput input) =>
        input.Sysctls.Problem(input.Pod) is { } problem
            ? new PodVerdict("SysctlForbidden", $"forbidden sysctl: {problem}")
            : null;

    private static PodVerdict? OperatingSystemLabel(PodAdmissionInput input) =>
        input.Pod.Metadata.Labels?.TryGetValue("kubernetes.io/os", out var system) == true && system != "linux"
            ? new PodVerdict(
                "PodOSSelectorNodeLabelDoesNotMatch",
                "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")
            : null;

    private static PodVerdict? OperatingSystem(PodAdmissionInput input) => input.Pod.Spec.Os?.Name is null or "linux"
        ? null
        : new PodVerdict("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");

    private static PodVerdict? SupplementalGroups(PodAdmissionInput input) =>
        input.Pod.Spec.SecurityContext?.SupplementalGroupsPolicy == "Strict"
            && !input.Abilities.SupplementalGroupsPolicy
            ? new PodVerdict(
                "SupplementalGroupsPolicyNotSupported", "SupplementalGroupsPolicy=Strict is not supported in this node")
            : null;

    private static IEnumerable<Shortage> PodCount(PodAdmissionInput input)
    {
        var capacity = PodResources.Of(input.Allocatable, Pods);
        return input.Others.Count + 1 > capacity ? [new Shortage(Pods, 1, input.Others.Count, capacity)] : [];
    }

    /// <summary>
    /// The three that every node has come first. An extended resource that the node does not have is the cluster's, or
    /// nobody's: the scheduler has seen to it.
    /// </summary>
    private static IEnumerable<string> RequestedResources(PodAdmissionInput input)
    {
        string[] common = ["cpu", "memory", "ephemeral-storage"];
        var others = input.Pod.Inits().Concat(input.Pod.Spec.Containers)
            .SelectMany(c => c.Resources?.Requests?.Keys ?? []).Concat(input.Pod.Spec.Resources?.Requests?.Keys ?? [])
            .Except(common).Order(StringComparer.Ordinal)
            .Where(name => !ResourceNames.IsExtended(name)
                || (Amounts(input, name)?.ContainsKey(name) == true && !input.IsDevice(name)));
        return [.. common, .. others];
    }

    /// <summary>The node knows what it has itself; what others say it has, its object says.</summary>
    private static IDictionary<string, ResourceQuantity>? Amounts(PodAdmissionInput input, string resource) =>
        input.Allocatable.ContainsKey(resource) ? input.Allocatable : input.Node?.Status?.Allocatable;

    private static PodVerdict? Affinity(PodAdmissionInput input) =>
        input.Node is { } node && !NodeAffinity.Matches(input.Pod, node)
            ? Predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
            : null;

    private static PodVerdict? HostPorts(PodAdmissionInput input) =>
        PodRecords.HostPorts.Of(input.Pod)
            .Any(port => input.Others.SelectMany(PodRecords.HostPorts.Of).Any(port.Conflicts))
            ? Predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
            : null;

    private static PodVerdict? Taints(PodAdmissionInput input) =>
        (input.Node?.Spec?.Taints ?? []).Any(taint => taint.Effect == "NoExecute" && !Tolerates(input.Pod, taint))
            ? Predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")
            : null;

    private static PodVerdict? AppArmor(PodAdmissionInput input) =>
        !input.HasAppArmor && input.Pod.AllContainers().Any(c => WantsAppArmor(input.Pod, c))
            ? new PodVerdict("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")
            : null;

    private static bool WantsAppArmor(V1Pod pod, V1Container container) =>
        pod.AppArmorProfile(container)?.Type is not (null or "Unconfined");

    private static PodVerdict? NodeFeatures(PodAdmissionInput input)
    {
        var missing = input.Pod.AllContainers().SelectMany(MissingFeatures).Distinct().Order(StringComparer.Ordinal)
            .ToList();
        return missing.Count == 0
            ? null
            : new PodVerdict(
                "PodFeatureUnsupported",
                    $"Pod requires node features that are not available: {string.Join(", ", missing)}");
    }

    /// <summary>What a container needs of kubelets and this one lacks, by upstream's names of it.</summary>
    private static IEnumerable<string> MissingFeatures(V1Container container)
    {
        if (container.Lifecycle?.StopSignal is not null)
        {
            yield return "ContainerStopSignals"; // the runtime has no way to be told
        }
    }

    private static PodVerdict? Shutdown(PodAdmissionInput input) => input.IsShuttingDown
        ? new PodVerdict("NodeShutdown", "Pod was rejected as the node is shutting down.")
        : null;

    private static PodVerdict Predicate(string name, string problem) =>
        new(name, $"Predicate {name} failed: {problem}");

    private static bool Tolerates(V1Pod pod, V1Taint taint) =>
        (pod.Spec.Tolerations ?? []).Any(toleration => Tolerates(toleration, taint));

    private static bool Tolerates(V1Toleration toleration, V1Taint taint)
    {
        var effect = string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect;
        var key = string.IsNullOrEmpty(toleration.Key)
            ? toleration.OperatorProperty == "Exists"
            : toleration.Key == taint.Key;
        var value = toleration.OperatorProperty == "Exists" || (toleration.Value ?? "") == (taint.Value ?? "");
        return effect && key && value;
    }

    /// <summary>A resource of which the node has too little left.</summary>
    private sealed record Shortage(string Resource, long Requested, long Used, long Capacity)
    {
        public long Missing => Requested - (Capacity - Used);

        public PodVerdict Verdict => new(
            $"OutOf{Resource}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Node didn't have enough resource: {Resource}, requested: {Requested}, used: {Used}, capacity: {Capacity}"));
    }
}
