using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>Whether the node can give a running pod what it asks for now, with the kubelet's words.</summary>
public static class ResizeAdmission
{
    /// <summary>Null gives it. Infeasible is for ever, deferred until others give something back.</summary>
    public static PodVerdict? Check(V1Pod pod, IReadOnlyList<V1Pod> others, NodeFacts facts) =>
        Check(pod, others, facts.Allocatable, facts.MilliCpuForPods, facts.MemoryForPodsBytes);

    public static PodVerdict? Check(
        V1Pod pod,
        IReadOnlyList<V1Pod> others,
        IDictionary<string, ResourceQuantity> allocatable,
        long milliCpuForPods,
        long memoryForPodsBytes)
    {
        if (pod.IsStatic())
        {
            return Infeasible("In-place resize of static-pods is not supported");
        }

        foreach (var (resource, capacity) in new[] { (PodResources.Memory, memoryForPodsBytes),
            (PodResources.Cpu, milliCpuForPods) })
        {
            if (PodResources.Requested(pod, resource) is var requested && requested > capacity)
            {
                return Infeasible(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Node didn't have enough capacity: {resource}, requested: {requested}, capacity: {capacity}"));
            }
        }

        var input = new PodAdmissionInput { Pod = pod, Others = others, Allocatable = allocatable };
        return PodAdmission.FindShortage(input) is { } shortage
            ? new PodVerdict(ResizeConditions.Deferred, shortage.Message)
            : null;
    }

    private static PodVerdict Infeasible(string message) => new(ResizeConditions.Infeasible, message);
}
