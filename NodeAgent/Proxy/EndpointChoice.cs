using System.Net;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Which endpoints of a Service's port are used on a node, by upstream's rules: the ready ones, near the node when
/// hints say so; if none is ready anywhere, those that end but still serve (KEP-1669), so that the last pod of a
/// roll-out is not cut off. The policy Local decides for itself.
/// </summary>
/// <param name="Cluster">For the policy Cluster.</param>
/// <param name="Local">For the policy Local.</param>
/// <param name="Serving">All that still serve.</param>
public sealed record EndpointChoice(
    IReadOnlyList<ProxyEndpoint> Cluster, IReadOnlyList<ProxyEndpoint> Local, IReadOnlyList<ProxyEndpoint> Serving)
{
    private sealed record Candidate(ProxyEndpoint Endpoint, V1Endpoint Source)
    {
        public bool IsReady => Source.Conditions?.Ready ?? true;

        public bool IsServing => Source.Conditions?.Serving ?? true;

        public bool EndsButServes => IsServing && (Source.Conditions?.Terminating ?? false);

        public bool IsFor(string zone) => Source.Hints?.ForZones?.Any(z => z.Name == zone) ?? false;

        public bool IsForNode(string node) => Source.Hints?.ForNodes?.Any(n => n.Name == node) ?? false;
    }

    /// <summary>Chooses for one port, in one family of addresses.</summary>
    public static EndpointChoice Of(
        V1ServicePort port, IReadOnlyCollection<V1EndpointSlice> slices, ProxyNode node, IpFamily family)
    {
        var all = Candidates(port, slices.Where(s => s.AddressType == family.Name), node.Name).ToList();
        var ready = all.Where(c => c.IsReady).ToList();
        var cluster = ready.Count > 0 ? Near(ready, node) : all.Where(c => c.EndsButServes);
        var local = all.Where(c => c.Endpoint.IsLocal).ToList();
        var localReady = local.Where(c => c.IsReady).ToList();
        return new EndpointChoice(
            Sorted(cluster),
            Sorted(localReady.Count > 0 ? localReady : local.Where(c => c.EndsButServes)),
            [.. all.Where(c => c.IsServing || c.IsReady).Select(c => c.Endpoint).Distinct()]);
    }

    // Hints count only when every ready endpoint has one and some are meant for here: else endpoints would be left out
    // by accident.
    private static IEnumerable<Candidate> Near(List<Candidate> ready, ProxyNode node)
    {
        if (ready.TrueForAll(c => c.Source.Hints?.ForNodes is { Count: > 0 }) &&
            ready.Exists(c => c.IsForNode(node.Name)))
        {
            return ready.Where(c => c.IsForNode(node.Name));
        }

        return ready.TrueForAll(c => c.Source.Hints?.ForZones is { Count: > 0 }) &&
            ready.Exists(c => c.IsFor(node.Zone))
            ? ready.Where(c => c.IsFor(node.Zone))
            : ready;
    }

    private static IEnumerable<Candidate> Candidates(
        V1ServicePort port, IEnumerable<V1EndpointSlice> slices, string nodeName)
    {
        foreach (var slice in slices)
        {
            var target = slice.Ports?.FirstOrDefault(
                p => (p.Name ?? "") == (port.Name ?? "") && (p.Protocol ?? "TCP") == (port.Protocol ?? "TCP"));
            if (target?.Port is not { } number)
            {
                continue;
            }

            // Only the first address counts: the API promises that the others lead to the same place.
            foreach (var endpoint in slice.Endpoints ?? [])
            {
                if (endpoint.Addresses is [var text, ..] && IPAddress.TryParse(text, out var address))
                {
                    yield return new Candidate(
                        new ProxyEndpoint(address, number, endpoint.NodeName == nodeName), endpoint);
                }
            }
        }
    }

    private static List<ProxyEndpoint> Sorted(IEnumerable<Candidate> chosen) =>
        [.. chosen.Select(c => c.Endpoint).Distinct().OrderBy(
            e => e.Address.ToString(), StringComparer.Ordinal).ThenBy(e => e.Port)];
}
