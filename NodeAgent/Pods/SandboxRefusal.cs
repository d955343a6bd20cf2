using k8s.Models;
using OrleansOrchestrator.NodeAgent.Dra;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// Why the sandbox of a pod cannot be made here, as the event that says so. Unlike a refused admission it is not the
/// pod's end: the kubelet goes on trying, and so does the node. Pure.
/// </summary>
public sealed record SandboxRefusal(string Reason, string Message)
{
    private const int MaxKernelHostnameBytes = 64;

    /// <summary>Null when there is no obstacle.</summary>
    public static SandboxRefusal? Of(V1Pod pod, string clusterDomain)
    {
        var name = PodHostname.Hostname(pod, clusterDomain);
        return pod.Spec.SetHostnameAsFQDN == true && name.Length > MaxKernelHostnameBytes
            ? FailedCreate(
                $"failed to construct FQDN from pod hostname and cluster domain, FQDN {name} is too long ({MaxKernelHostnameBytes} characters is the max, {name.Length} characters requested)")
            : null;
    }

    /// <summary>A failure to make the sandbox, in the event's form.</summary>
    public static SandboxRefusal FailedCreate(string problem) =>
        new("FailedCreatePodSandBox", $"Failed to create pod sandbox: {problem}");

    /// <summary>What the pod claims cannot be prepared.</summary>
    public static SandboxRefusal FailedPrepare(DraException problem) => new(
        "FailedPrepareDynamicResources", $"Failed to prepare dynamic resources: {problem.Message}");
}
