using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// The kernel settings that a pod may have: those that are its namespaces' own and have no influence on others. All
/// the kernels that the agent runs on know them. Pure.
/// </summary>
public static class SafeSysctls
{
    private static readonly HashSet<string> Names =
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ];

    /// <summary>Null when the pod's settings are all safe; else which is not, and why.</summary>
    public static string? Problem(V1Pod pod) => (pod.Spec.SecurityContext?.Sysctls ?? [])
        .Select(sysctl => Problem(pod, Dotted(sysctl.Name))).FirstOrDefault(problem => problem is not null);

    private static string? Problem(V1Pod pod, string name) =>
        !Names.Contains(name) ? $"\"{name}\" not allowlisted"
        : name.StartsWith("net.", StringComparison.Ordinal) && pod.UsesHostNetwork() ? Shared(name, "net")
        : name.StartsWith("kernel.", StringComparison.Ordinal) && pod.Spec.HostIPC == true ? Shared(name, "ipc")
        : null;

    private static string Shared(string name, string space) => $"\"{name}\" not allowed with host {space} enabled";

    /// <summary>Names may be written as paths: <c>net/ipv4/tcp_rmem</c>; the first separator tells which way.</summary>
    public static string Dotted(string name)
    {
        var first = name.IndexOfAny(['.', '/']);
        return first < 0 || name[first] == '.'
            ? name
            : string.Concat(name.Select(c => c switch { '/' => '.', '.' => '/', _ => c }));
    }
}
