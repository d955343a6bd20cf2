using System.Globalization;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>No ports of the host.</summary>
internal static class HostPorts
{
    public static readonly PodSecurityCheck Check = new(
        "hostPorts", PodSecurityLevel.Baseline, new PodSecurityRevision(0, Find));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var bad = pod.NamesOf(c => (c.Ports ?? []).Any(p => p.HostPort is not (null or 0)));
        if (bad.Count == 0)
        {
            return null;
        }

        var ports = Wording.Sorted(pod.Containers.SelectMany(c => c.Ports ?? [])
            .Where(p => p.HostPort is not (null or 0))
                .Select(p => p.HostPort!.Value.ToString(CultureInfo.InvariantCulture)));
        return new PodSecurityViolation(
            "hostPort",
            $"{Wording.Containers(bad)} {Wording.Plural(bad.Count, "uses", "use")} {Wording.Plural(ports.Count, "hostPort", "hostPorts")} " +
            string.Join(", ", ports));
    }
}
