namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>The host's namespaces are not shared.</summary>
internal static class HostNamespaces
{
    public static readonly PodSecurityCheck Check = new(
        "hostNamespaces", PodSecurityLevel.Baseline, new PodSecurityRevision(0, Find));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        (bool? IsShared, string Text)[] all =
            [(pod.Spec.HostNetwork, "hostNetwork=true"), (pod.Spec.HostPID, "hostPID=true"),
                (pod.Spec.HostIPC, "hostIPC=true")];
        var shared = string.Join(", ", all.Where(n => n.IsShared == true).Select(n => n.Text));
        return shared.Length == 0 ? null : new PodSecurityViolation("host namespaces", shared);
    }
}
