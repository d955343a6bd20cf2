using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>
/// System calls stay filtered: at the baseline nobody turns the filter off, at the restricted level everybody asks for
/// it. Before v1.19 annotations said so.
/// </summary>
internal static class SeccompProfile
{
    private const string BaselineId = "seccompProfile_baseline";
    private const string Reason = "seccompProfile";
    private const string PodAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
    private const string ContainerAnnotationPrefix = "container.seccomp.security.alpha.kubernetes.io/";

    public static readonly PodSecurityCheck Baseline = new(
        BaselineId, PodSecurityLevel.Baseline, new(0, FindInAnnotations), new(19, FindUnfiltered));

    public static readonly PodSecurityCheck Restricted = new(
        "seccompProfile_restricted", PodSecurityLevel.Restricted,
        new(19, FindUnfilteredOrSilent, BaselineId),
        new(25, pod => pod.IsForWindows ? null : FindUnfilteredOrSilent(pod), BaselineId));

    private static PodSecurityViolation? FindInAnnotations(CheckedPod pod)
    {
        var keys = pod.Containers.Select(c => ContainerAnnotationPrefix + c.Name).Prepend(PodAnnotation);
        var bad = Wording.Sorted(keys
            .Select(k => (Key: k, Value: pod.Annotation(k)))
            .Where(a => a.Value is not (null or "runtime/default" or "docker/default")
                && !a.Value.StartsWith("localhost/", StringComparison.Ordinal))
            .Select(a => $"{a.Key}={GoText.Quote(a.Value!)}"));
        return bad.Count == 0
            ? null
            : new PodSecurityViolation(
                Reason, $"forbidden {Wording.Plural(bad.Count, "annotation", "annotations")} {string.Join(", ", bad)}");
    }

    private static PodSecurityViolation? FindUnfiltered(CheckedPod pod)
    {
        var ofPod = pod.Spec.SecurityContext?.SeccompProfile;
        var bad = pod.NamesOf(c => IsBad(c.SecurityContext?.SeccompProfile));
        var types = pod.Containers.Select(c => c.SecurityContext?.SeccompProfile).Append(ofPod).Where(IsBad)
            .Select(p => p!.Type ?? "");
        return !IsBad(ofPod) && bad.Count == 0
            ? null
            : new PodSecurityViolation(
                Reason,
                $"{Wording.Setters(IsBad(ofPod), bad)} must not set securityContext.seccompProfile.type to {Wording.QuoteSorted(types)}");
    }

    private static PodSecurityViolation? FindUnfilteredOrSilent(CheckedPod pod)
    {
        if (FindUnfiltered(pod) is { } unfiltered)
        {
            return unfiltered;
        }

        var silent = pod.Spec.SecurityContext?.SeccompProfile is null
            ? pod.NamesOf(c => c.SecurityContext?.SeccompProfile is null) : [];
        return silent.Count == 0
            ? null
            : new PodSecurityViolation(
                Reason,
                $"pod or {Wording.Containers(silent)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"");
    }

    private static bool IsBad(V1SeccompProfile? profile) =>
        profile is not null && profile.Type is not ("RuntimeDefault" or "Localhost");
}
