using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>Whether the node can give a running pod what it asks for now, with the kubelet's words.</summary>
public static class ResizeAdmission
{
    private const string Pinned = "Resize is infeasible for Guaranteed Pods alongside";

    /// <summary>Null gives it. Infeasible is for ever, deferred until others give something back.</summary>
    public static PodVerdict? Check(V1Pod pod, IReadOnlyList<V1Pod> others, NodeFacts facts) =>
        Check(pod, others, facts.Allocatable, facts.MilliCpuForPods, facts.MemoryForPodsBytes);

    /// <summary>
    /// What is a container's alone, and is counted out when its pod comes, does not change while the pod runs: amounts
    /// of CPU or memory, if the node gives such.
    /// </summary>
    public static PodVerdict? CheckPinned(V1Pod pod, V1Pod given, ResourceOptions rules) =>
        PodResources.Qos(pod) != PodResources.Guaranteed || pod.IsStatic() ? null
        : rules.PinsCpus && Changes(pod, given, PodResources.Cpu)
            ? Infeasible($"{Pinned} CPU Manager policy \"{rules.CpuPolicy}\"")
        : rules.PinsMemory && Changes(pod, given, PodResources.Memory)
            ? Infeasible($"{Pinned} Memory Manager policy \"{rules.MemoryPolicy}\"")
        : null;

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

    private static bool Changes(V1Pod pod, V1Pod given, string resource) => pod.Resizable().Any(container =>
        PodResources.Of(container.Resources?.Requests, resource)
            != PodResources.Of(given.FindContainer(container.Name)?.Resources?.Requests, resource));

    private static PodVerdict Infeasible(string message) => new(ResizeConditions.Infeasible, message);
}
