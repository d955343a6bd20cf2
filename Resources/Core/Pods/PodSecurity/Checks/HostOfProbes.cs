using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>
/// Probes and hooks reach nothing but the pod itself: they would be sent from the node's own network.
/// </summary>
internal static class HostOfProbes
{
    public static readonly PodSecurityCheck Check = new(
        "hostProbesAndHostLifecycle", PodSecurityLevel.Baseline, new PodSecurityRevision(34, Find));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var bad = Wording.Sorted(pod.NamesOf(c => Hosts(c).Any()));
        if (bad.Count == 0)
        {
            return null;
        }

        var hosts = Wording.Sorted(pod.Containers.SelectMany(Hosts));
        return new PodSecurityViolation(
            "probe or lifecycle host",
            $"{Wording.Containers(bad)} {Wording.Plural(bad.Count, "uses", "use")} " +
            $"{Wording.Plural(hosts.Count, "probe or lifecycle host", "probe or lifecycle hosts")} {Wording.Quote(hosts)}");
    }

    private static IEnumerable<string> Hosts(V1Container container)
    {
        V1Probe?[] probes = [container.LivenessProbe, container.ReadinessProbe, container.StartupProbe];
        V1LifecycleHandler?[] hooks = [container.Lifecycle?.PostStart, container.Lifecycle?.PreStop];
        return probes.SelectMany(p => new[] { p?.HttpGet?.Host, p?.TcpSocket?.Host })
            .Concat(hooks.SelectMany(h => new[] { h?.HttpGet?.Host, h?.TcpSocket?.Host }))
            .Where(h => !string.IsNullOrEmpty(h))!;
    }
}
