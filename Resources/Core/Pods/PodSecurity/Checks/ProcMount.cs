using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>/proc stays masked. Since v1.35 the baseline lets pods unmask it whose users are not the host's.</summary>
internal static class ProcMount
{
    private const string BaselineId = "procMount";

    public static readonly PodSecurityCheck Baseline = new(
        BaselineId, PodSecurityLevel.Baseline, new(0, Find), new(35, pod => pod.HasUserNamespace ? null : Find(pod)));

    public static readonly PodSecurityCheck Restricted = new(
        "procMount_restricted", PodSecurityLevel.Restricted, new PodSecurityRevision(35, Find, BaselineId));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var bad = pod.NamesOf(c => Of(c) is not (null or "Default"));
        var values = pod.Containers.Select(Of).Where(m => m is not (null or "Default")).Select(m => m!);
        return bad.Count == 0
            ? null
            : new PodSecurityViolation(
                "procMount",
                $"{Wording.Containers(bad)} must not set securityContext.procMount to {Wording.QuoteSorted(values)}");
    }

    private static string? Of(V1Container container) => container.SecurityContext?.ProcMount;
}
