namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>No container may gain privileges that its parent process does not have.</summary>
internal static class AllowPrivilegeEscalation
{
    public static readonly PodSecurityCheck Check = new(
        "allowPrivilegeEscalation", PodSecurityLevel.Restricted, new(8, Find),
        new(25, pod => pod.IsForWindows ? null : Find(pod)));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var bad = pod.NamesOf(c => c.SecurityContext?.AllowPrivilegeEscalation != false);
        return bad.Count == 0
            ? null
            : new PodSecurityViolation(
                "allowPrivilegeEscalation != false",
                $"{Wording.Containers(bad)} must set securityContext.allowPrivilegeEscalation=false");
    }
}
