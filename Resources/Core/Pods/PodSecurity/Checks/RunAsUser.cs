namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>Nobody asks to be root by number. Since v1.35 pods may whose root is not the host's.</summary>
internal static class RunAsUser
{
    public static readonly PodSecurityCheck Check = new(
        "runAsUser", PodSecurityLevel.Restricted, new(23, Find),
        new(35, pod => pod.HasUserNamespace ? null : Find(pod)));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var isRoot = pod.Spec.SecurityContext?.RunAsUser == 0;
        var bad = pod.NamesOf(c => c.SecurityContext?.RunAsUser == 0);
        return isRoot || bad.Count > 0 ? new PodSecurityViolation(
            "runAsUser=0", $"{Wording.Setters(isRoot, bad)} must not set runAsUser=0") : null;
    }
}
