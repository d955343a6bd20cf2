namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>No part of the host's file system is mounted.</summary>
internal static class HostPathVolumes
{
    public const string Id = "hostPathVolumes";

    public static readonly PodSecurityCheck Check = new(
        Id, PodSecurityLevel.Baseline, new PodSecurityRevision(0, Find));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var bad = (pod.Spec.Volumes ?? []).Where(v => v.HostPath is not null).Select(v => v.Name ?? "").ToList();
        return bad.Count == 0
            ? null
            : new PodSecurityViolation(
                "hostPath volumes", $"{Wording.Plural(bad.Count, "volume", "volumes")} {Wording.Quote(bad)}");
    }
}
