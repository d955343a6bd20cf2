using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>Short ways to write pods.</summary>
internal static class TestPods
{
    public static V1Pod Pod(string name, params V1Container[] containers) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1PodSpec
        {
            Containers = [.. containers],
            RestartPolicy = "Always",
            TerminationGracePeriodSeconds = 5,
            NodeName = "node-under-test",
        },
    };

    /// <summary>A container that runs a shell script of busybox.</summary>
    public static V1Container Shell(string name, string script) => new()
    {
        Name = name,
        Image = NodeHarness.Busybox,
        ImagePullPolicy = "IfNotPresent",
        Command = ["sh", "-c", script],
    };

    /// <summary>Runs until it is told to stop, and stops at once then.</summary>
    public static V1Container Service(string name) =>
        Shell(name, "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done");

    /// <summary>A node with room for all.</summary>
    public static PodAdmissionInput Admission(V1Pod pod) => new()
    {
        Pod = pod,
        Allocatable = new Dictionary<string, ResourceQuantity>
        {
            ["cpu"] = new("2"), ["memory"] = new("2Gi"), ["ephemeral-storage"] = new("10Gi"), ["pods"] = new("10"),
        },
    };

    public static bool IsReady(V1Pod pod) =>
        pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;
}
