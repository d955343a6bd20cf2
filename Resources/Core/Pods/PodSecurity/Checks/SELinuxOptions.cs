using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>SELinux types are those of containers, and its users and roles are left alone.</summary>
internal static class SELinuxOptions
{
    public static readonly PodSecurityCheck Check = new(
        "seLinuxOptions", PodSecurityLevel.Baseline,
        new(0, pod => Find(pod, IsContainerType)),
        new(31, pod => Find(pod, t => IsContainerType(t) || t == "container_engine_t")));

    private static bool IsContainerType(string? type) =>
        type is null or "" or "container_t" or "container_init_t" or "container_kvm_t";

    private static PodSecurityViolation? Find(CheckedPod pod, Func<string?, bool> isAllowed)
    {
        var ofPod = pod.Spec.SecurityContext?.SeLinuxOptions;
        var bad = pod.NamesOf(c => IsBad(c.SecurityContext?.SeLinuxOptions));
        if (!IsBad(ofPod) && bad.Count == 0)
        {
            return null;
        }

        var all = pod.Containers.Select(c => c.SecurityContext?.SeLinuxOptions).Append(ofPod).OfType<V1SELinuxOptions>()
            .ToList();
        var types = Wording.Sorted(all.Where(o => !isAllowed(o.Type)).Select(o => o.Type));
        string?[] findings =
        [
            types.Count == 0 ? null : $"{Wording.Plural(types.Count, "type", "types")} {Wording.Quote(types)}",
            all.Any(o => !string.IsNullOrEmpty(o.User)) ? "user may not be set" : null,
            all.Any(o => !string.IsNullOrEmpty(o.Role)) ? "role may not be set" : null,
        ];
        return new PodSecurityViolation(
            "seLinuxOptions",
            $"{Wording.Setters(IsBad(ofPod), bad)} set forbidden securityContext.seLinuxOptions: " +
            string.Join("; ", findings.Where(f => f is not null)));

        bool IsBad(V1SELinuxOptions? options) =>
            options is not null && (!isAllowed(options.Type) || !string.IsNullOrEmpty(options.User)
                || !string.IsNullOrEmpty(options.Role));
    }
}
