namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>No capabilities beyond those that containers usually have.</summary>
internal static class BaselineCapabilities
{
    public const string Id = "capabilities_baseline";

    public static readonly PodSecurityCheck Check = new(
        Id, PodSecurityLevel.Baseline, new PodSecurityRevision(0, Find));

    private static readonly HashSet<string> Usual = new(StringComparer.Ordinal)
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID",
        "SYS_CHROOT",
    };

    private static PodSecurityViolation? Find(CheckedPod pod) =>
        Added(pod, Usual.Contains) is { } added ? new PodSecurityViolation("non-default capabilities", added) : null;

    /// <summary>Says which containers add which capabilities that are not allowed; null for none.</summary>
    internal static string? Added(CheckedPod pod, Func<string, bool> isAllowed)
    {
        var bad = pod.NamesOf(c => (c.SecurityContext?.Capabilities?.Add ?? []).Any(a => !isAllowed(a)));
        var added = pod.Containers.SelectMany(c => c.SecurityContext?.Capabilities?.Add ?? [])
            .Where(a => !isAllowed(a));
        return bad.Count == 0
            ? null
            : $"{Wording.Containers(bad)} must not include {Wording.QuoteSorted(added)} in securityContext.capabilities.add";
    }
}
