namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>No processes of a Windows host.</summary>
internal static class WindowsHostProcess
{
    public static readonly PodSecurityCheck Check = new(
        "windowsHostProcess", PodSecurityLevel.Baseline, new PodSecurityRevision(0, Find));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var isOfPod = pod.Spec.SecurityContext?.WindowsOptions?.HostProcess == true;
        var bad = pod.NamesOf(c => c.SecurityContext?.WindowsOptions?.HostProcess == true);
        return isOfPod || bad.Count > 0
            ? new PodSecurityViolation("hostProcess",
                $"{Wording.Setters(isOfPod, bad)} must not set securityContext.windowsOptions.hostProcess=true")
            : null;
    }
}
