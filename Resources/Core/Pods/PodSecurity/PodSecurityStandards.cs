using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity;

/// <summary>
/// The Pod Security Standards: which checks count for a level and a version, and what they find in a pod.
/// </summary>
public static class PodSecurityStandards
{
    private static readonly PodSecurityCheck[] All =
    [
        AllowPrivilegeEscalation.Check, AppArmorProfile.Check, BaselineCapabilities.Check, RestrictedCapabilities.Check,
        HostNamespaces.Check,
        HostPathVolumes.Check, HostPorts.Check, HostOfProbes.Check, Privileged.Check, ProcMount.Baseline,
        ProcMount.Restricted,
        RestrictedVolumes.Check, RunAsNonRoot.Check, RunAsUser.Check, SELinuxOptions.Check, SeccompProfile.Baseline,
        SeccompProfile.Restricted,
        Sysctls.Check, WindowsHostProcess.Check,
    ];

    /// <summary>Nothing has changed since: later versions, and the latest, are as this one.</summary>
    private static readonly int Newest = All.Max(c => c.Revisions[^1].Since);

    private static readonly PodSecurityRevision[][] BaselineByMinor = ByMinor(BaselineChecks);
    private static readonly PodSecurityRevision[][] RestrictedByMinor = ByMinor(RestrictedChecks);

    /// <summary>
    /// What a pod, or a template, violates; baseline checks first, each level in the order of the checks' names.
    /// </summary>
    public static PodSecurityFindings Evaluate(LevelVersion asked, V1ObjectMeta? metadata, V1PodSpec spec)
    {
        if (asked.Level == PodSecurityLevel.Privileged)
        {
            return PodSecurityFindings.None;
        }

        var table = asked.Level == PodSecurityLevel.Baseline ? BaselineByMinor : RestrictedByMinor;
        var pod = new CheckedPod(metadata, spec);
        List<PodSecurityViolation> violations = [];
        foreach (var revision in table[Math.Min(asked.Version.Minor ?? Newest, Newest)])
        {
            if (revision.Find(pod) is { } violation)
            {
                violations.Add(violation);
            }
        }

        return violations.Count == 0 ? PodSecurityFindings.None : new PodSecurityFindings(violations);
    }

    private static PodSecurityRevision[][] ByMinor(Func<int, IEnumerable<PodSecurityRevision>> checks) =>
        [.. Enumerable.Range(0, Newest + 1).Select(minor => checks(minor).ToArray())];

    private static IEnumerable<PodSecurityRevision> BaselineChecks(int minor) =>
        At(PodSecurityLevel.Baseline, minor).Select(c => c.Revision);

    private static IEnumerable<PodSecurityRevision> RestrictedChecks(int minor)
    {
        var restricted = At(PodSecurityLevel.Restricted, minor).Select(c => c.Revision).ToList();
        var overridden = restricted.Select(r => r.Overrides).ToHashSet(StringComparer.Ordinal);
        return At(PodSecurityLevel.Baseline, minor).Where(c => !overridden.Contains(c.Id)).Select(c => c.Revision)
            .Concat(restricted);
    }

    private static IEnumerable<(string Id, PodSecurityRevision Revision)> At(PodSecurityLevel level, int minor) => All
        .Where(c => c.Level == level && c.Revisions[0].Since <= minor)
        .OrderBy(c => c.Id, StringComparer.Ordinal)
        .Select(c => (c.Id, c.Revisions.Last(r => r.Since <= minor)));
}

/// <summary>All that a pod violates.</summary>
public sealed class PodSecurityFindings(IReadOnlyList<PodSecurityViolation> violations)
{
    public static PodSecurityFindings None { get; } = new([]);

    public bool IsEmpty => violations.Count == 0;

    /// <summary>For example <c>host namespaces, privileged</c>.</summary>
    public string Reasons => string.Join(", ", violations.Select(v => v.Reason));

    /// <summary>For example <c>host namespaces (hostPID=true), privileged (container "a" must not …)</c>.</summary>
    public string Details =>
        string.Join(", ", violations.Select(v => v.Detail.Length == 0 ? v.Reason : $"{v.Reason} ({v.Detail})"));
}
