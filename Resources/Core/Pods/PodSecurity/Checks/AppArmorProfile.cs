using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>
/// AppArmor's default profile is not overridden but by one of the node's own; by field, or by annotation.
/// </summary>
internal static class AppArmorProfile
{
    private const string AnnotationPrefix = "container.apparmor.security.beta.kubernetes.io/";

    public static readonly PodSecurityCheck Check = new(
        "appArmorProfile", PodSecurityLevel.Baseline, new PodSecurityRevision(0, Find));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var ofPod = pod.Spec.SecurityContext?.AppArmorProfile;
        var bad = pod.NamesOf(c => IsBad(c.SecurityContext?.AppArmorProfile));
        var annotations = Wording.Sorted(pod.Annotations
            .Where(a => a.Key.StartsWith(AnnotationPrefix, StringComparison.Ordinal) && !IsAllowed(a.Value))
            .Select(a => $"{a.Key}={GoText.Quote(a.Value)}"));
        string[] values =
        [
            .. Wording.Sorted(pod.Containers.Select(c => c.SecurityContext?.AppArmorProfile).Append(ofPod).Where(IsBad)
                .Select(p => p!.Type ?? "")),
            .. annotations,
        ];
        var noted = annotations.Count == 0 ? null : Wording.Plural(annotations.Count, "annotation", "annotations");
        return values.Length == 0
            ? null
            : new PodSecurityViolation(
                Wording.Plural(values.Length, "forbidden AppArmor profile", "forbidden AppArmor profiles"),
                $"{Wording.Setters(IsBad(ofPod), bad, noted)} must not set AppArmor profile type to {Wording.Quote(values)}");
    }

    private static bool IsBad(V1AppArmorProfile? profile) =>
        profile is not null && profile.Type is not ("RuntimeDefault" or "Localhost");

    private static bool IsAllowed(string? annotation) =>
        annotation is null or "" or "runtime/default" || annotation.StartsWith("localhost/", StringComparison.Ordinal);
}
