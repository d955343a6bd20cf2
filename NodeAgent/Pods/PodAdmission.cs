using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// The node's own last check of a pod that was bound to it: resources, node selector and affinity, NoExecute taints.
/// Reasons and messages are the kubelet's. Pure.
/// </summary>
public static class PodAdmission
{
    /// <summary>Null admits. Others are the pods already accepted and not ended.</summary>
    public static PodVerdict? Check(
        V1Pod pod, IReadOnlyList<V1Pod> others, V1Node? node, IDictionary<string, ResourceQuantity> allocatable)
    {
        if (others.Count + 1 > PodResources.Of(allocatable, "pods"))
        {
            return Insufficient("pods", 1, others.Count, PodResources.Of(allocatable, "pods"));
        }

        foreach (var resource in new[] { "cpu", "memory", "ephemeral-storage" })
        {
            var requested = PodResources.Requested(pod, resource);
            var used = requested == 0 ? 0 : others.Sum(o => PodResources.Requested(o, resource));
            var capacity = PodResources.Of(allocatable, resource);
            if (requested > 0 && used + requested > capacity)
            {
                return Insufficient(resource, requested, used, capacity);
            }
        }

        if (node is not null && !NodeAffinity.Matches(pod, node))
        {
            return Rejected(
                "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
        }

        return node is not null && !ToleratesNoExecute(pod, node)
            ? Rejected(
                "TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate")
            : null;
    }

    /// <summary>
    /// A node that is short of something takes nothing more, except what the system needs; short of memory alone, it
    /// takes pods that say how much they want.
    /// </summary>
    public static PodVerdict? CheckPressure(V1Pod pod, Pressure pressure)
    {
        if (pressure == Pressure.None || EvictionRanking.IsCritical(pod))
        {
            return null;
        }

        var memoryTaint = new V1Taint { Key = "node.kubernetes.io/memory-pressure", Effect = "NoSchedule" };
        var fits = pressure == Pressure.Memory
            && (PodResources.Qos(pod) != PodResources.BestEffort
                || (pod.Spec.Tolerations ?? []).Any(toleration => Tolerates(toleration, memoryTaint)));
        return fits ? null : Rejected("Evicted", EvictionMessages.Refused(pressure));
    }

    private static PodVerdict Insufficient(string resource, long requested, long used, long capacity) => Rejected(
        $"OutOf{resource}",
        string.Create(
            CultureInfo.InvariantCulture,
            $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"));

    private static PodVerdict Rejected(string reason, string message) => new(reason, "Pod was rejected: " + message);

    private static bool ToleratesNoExecute(V1Pod pod, V1Node node) =>
        (node.Spec?.Taints ?? []).Where(t => t.Effect == "NoExecute")
            .All(taint => (pod.Spec.Tolerations ?? []).Any(toleration => Tolerates(toleration, taint)));

    private static bool Tolerates(V1Toleration toleration, V1Taint taint)
    {
        var effect = string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect;
        var key = string.IsNullOrEmpty(toleration.Key)
            ? toleration.OperatorProperty == "Exists"
            : toleration.Key == taint.Key;
        var value = toleration.OperatorProperty == "Exists" || (toleration.Value ?? "") == (taint.Value ?? "");
        return effect && key && value;
    }
}
