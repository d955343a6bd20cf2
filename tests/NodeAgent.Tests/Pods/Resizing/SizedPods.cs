using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

/// <summary>Short ways to write pods with amounts.</summary>
internal static class SizedPods
{
    /// <summary>Containers a, b, … with cpu/memory as requests and limits, separated by blanks.</summary>
    public static V1Pod Pod(string amounts, string name = "p")
    {
        var parts = amounts.Split(' ');
        var pod = TestPods.Pod(name, [.. parts.Select((part, i) => TestPods.Service(((char)('a' + i)).ToString()) with
        {
            Resources = Both(part),
        })]);
        pod.Metadata.Uid = name;
        pod.Metadata.Generation = 1;
        return pod;
    }

    /// <summary>cpu/memory; a dash is neither.</summary>
    public static Dictionary<string, ResourceQuantity> Amounts(string part)
    {
        var amounts = new Dictionary<string, ResourceQuantity>();
        foreach (var (resource, text) in new[] { "cpu", "memory" }.Zip(part.Split('/')).Where(p => p.Second != "-"))
        {
            amounts[resource] = new ResourceQuantity(text);
        }

        return amounts;
    }

    public static V1ResourceRequirements Both(string part) =>
        new() { Requests = Amounts(part), Limits = Amounts(part) };

    public static V1ResourceRequirements Of(string requests, string limits) =>
        new() { Requests = Amounts(requests), Limits = Amounts(limits) };

    public static CgroupLimits Limits(LinuxContainerResources set) => CgroupLimits.From(set)!;

    public static ContainerRecord Running(string name) => new()
    {
        Id = "id-" + name, SandboxId = "s", Name = name, State = ContainerState.ContainerRunning,
    };
}
