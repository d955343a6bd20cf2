namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>No kernel parameters but those that are the pod's own and harm no other pod.</summary>
internal static class Sysctls
{
    private static readonly (int Since, string Name)[] Safe =
    [
        (0, "kernel.shm_rmid_forced"), (0, "net.ipv4.ip_local_port_range"), (0, "net.ipv4.tcp_syncookies"),
        (0, "net.ipv4.ping_group_range"),
        (0, "net.ipv4.ip_unprivileged_port_start"), (27, "net.ipv4.ip_local_reserved_ports"),
        (29, "net.ipv4.tcp_keepalive_time"),
        (29, "net.ipv4.tcp_fin_timeout"), (29, "net.ipv4.tcp_keepalive_intvl"), (29, "net.ipv4.tcp_keepalive_probes"),
        (32, "net.ipv4.tcp_rmem"),
        (32, "net.ipv4.tcp_wmem"),
    ];

    public static readonly PodSecurityCheck Check =
        new("sysctls", PodSecurityLevel.Baseline, [.. Safe.Select(s => s.Since).Distinct().Select(Since)]);

    private static PodSecurityRevision Since(int minor)
    {
        var allowed = Safe.Where(s => s.Since <= minor).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        return new PodSecurityRevision(minor, pod => Find(pod, allowed));
    }

    private static PodSecurityViolation? Find(CheckedPod pod, HashSet<string> allowed)
    {
        var bad = (pod.Spec.SecurityContext?.Sysctls ?? []).Select(s => s.Name ?? "").Where(n => !allowed.Contains(n))
            .ToList();
        return bad.Count == 0 ? null : new PodSecurityViolation("forbidden sysctls", string.Join(", ", bad));
    }
}
