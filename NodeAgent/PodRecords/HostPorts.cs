using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>A port of the node that a pod takes.</summary>
public readonly record struct HostPort(string Ip, string Protocol, int Port)
{
    private const string AnyIp = "0.0.0.0";

    /// <summary>Two cannot have the same port, unless on different addresses.</summary>
    public bool Conflicts(HostPort other) =>
        Port == other.Port && Protocol == other.Protocol && (Ip == other.Ip || Ip == AnyIp || other.Ip == AnyIp);

    public static HostPort From(V1ContainerPort port) => new(
        string.IsNullOrEmpty(port.HostIP) ? AnyIp : port.HostIP, port.Protocol ?? "TCP", port.HostPort ?? 0);
}

/// <summary>The ports of the node that pods take. Pure.</summary>
public static class HostPorts
{
    /// <summary>Those of init containers do not count, unless they stay.</summary>
    public static IEnumerable<HostPort> Of(V1Pod pod) => pod.Spec.Containers.Concat(pod.Sidecars())
        .SelectMany(c => c.Ports ?? []).Where(p => p.HostPort is > 0).Select(HostPort.From);
}
