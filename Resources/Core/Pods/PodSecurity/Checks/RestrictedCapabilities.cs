namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>Containers drop all capabilities, and add back none but NET_BIND_SERVICE.</summary>
internal static class RestrictedCapabilities
{
    public static readonly PodSecurityCheck Check = new(
        "capabilities_restricted", PodSecurityLevel.Restricted,
        new(22, Find, BaselineCapabilities.Id),
        new(25, pod => pod.IsForWindows ? null : Find(pod), BaselineCapabilities.Id));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var keeping = pod.NamesOf(c => c.SecurityContext?.Capabilities?.Drop?.Contains("ALL") != true);
        var kept = keeping.Count == 0
            ? null : $"{Wording.Containers(keeping)} must set securityContext.capabilities.drop=[\"ALL\"]";
        var added = BaselineCapabilities.Added(pod, a => a == "NET_BIND_SERVICE");
        return kept is null && added is null
            ? null
            : new PodSecurityViolation(
                "unrestricted capabilities", string.Join("; ", new[] { kept, added }.Where(d => d is not null)));
    }
}
