namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>No privileged containers.</summary>
internal static class Privileged
{
    public static readonly PodSecurityCheck Check = new(
        "privileged", PodSecurityLevel.Baseline, new PodSecurityRevision(0, Find));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var bad = pod.NamesOf(c => c.SecurityContext?.Privileged == true);
        return bad.Count == 0
            ? null
            : new PodSecurityViolation(
                "privileged", $"{Wording.Containers(bad)} must not set securityContext.privileged=true");
    }
}
