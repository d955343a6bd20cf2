namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>Containers run as somebody who is not root. Since v1.35 pods may whose root is not the host's.</summary>
internal static class RunAsNonRoot
{
    private const string Reason = "runAsNonRoot != true";

    public static readonly PodSecurityCheck Check = new(
        "runAsNonRoot", PodSecurityLevel.Restricted, new(0, Find),
        new(35, pod => pod.HasUserNamespace ? null : Find(pod)));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var ofPod = pod.Spec.SecurityContext?.RunAsNonRoot;
        var asRoot = pod.NamesOf(c => c.SecurityContext?.RunAsNonRoot == false);
        if (ofPod == false || asRoot.Count > 0)
        {
            return new PodSecurityViolation(
                Reason, $"{Wording.Setters(ofPod == false, asRoot)} must not set securityContext.runAsNonRoot=false");
        }

        var silent = ofPod == true ? [] : pod.NamesOf(c => c.SecurityContext?.RunAsNonRoot is null);
        return silent.Count == 0
            ? null
            : new PodSecurityViolation(
                Reason, $"pod or {Wording.Containers(silent)} must set securityContext.runAsNonRoot=true");
    }
}
