using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// What the kernel is to hold for Services, as named parts with text contents: chains with rules, elements of maps and
/// sets, and sets of their own. Two of these can be
/// compared part by part, which is what makes a change of one Service one small transaction.
/// </summary>
public sealed class Ruleset
{
    /// <summary>Rules by chain.</summary>
    public Dictionary<string, string> Chains { get; } = new(StringComparer.Ordinal);

    /// <summary>Elements by set or map and key; the value is empty for sets.</summary>
    public Dictionary<(string Set, string Key), string> Elements { get; } = [];

    /// <summary>Definitions of sets that come and go with their Service.</summary>
    public Dictionary<string, string> Sets { get; } = new(StringComparer.Ordinal);
}

/// <summary>
/// The rules of one port of a Service. Pure; the structure around it is in <see cref="RulesetText"/>.
/// </summary>
public static class PortRules
{
    private const string Masquerade = "meta mark set meta mark or " + RulesetText.MasqueradeMark;

    /// <summary>Adds the parts of one port.</summary>
    public static void AddTo(Ruleset rules, ProxyPort port, string clusterCidr)
    {
        var id = Id(port);
        IReadOnlyList<ProxyEndpoint> local = [.. port.Endpoints.Where(e => e.IsLocal)];
        var internalEndpoints = port.InternalLocal ? local : port.Endpoints;
        var externalEndpoints = port.ExternalLocal ? local : port.Endpoints;
        var isExternal = port.NodePort > 0 || port.ExternalAddresses.Count > 0;
        AddCluster(rules, port, id, internalEndpoints, clusterCidr);
        if (isExternal)
        {
            AddExternal(rules, port, id, externalEndpoints, clusterCidr);
        }

        AddVerdicts(rules, port, InternalKeys(port), $"cluster-{id}", internalEndpoints.Count > 0);
        AddVerdicts(rules, port, ExternalKeys(port), $"external-{id}", externalEndpoints.Count > 0);
        AddNodePort(rules, port, id, externalEndpoints.Count > 0);
        foreach (var endpoint in local)
        {
            // A pod that reaches itself through a Service must not see itself as the sender.
            rules.Elements[("hairpins", $"{endpoint.Address} . {endpoint.Address}")] = "";
        }
    }

    private static void AddCluster(
        Ruleset rules, ProxyPort port, string id, IReadOnlyList<ProxyEndpoint> endpoints, string clusterCidr)
    {
        if (endpoints.Count > 0)
        {
            // What does not come from a pod would be answered past this node: its source becomes the node.
            rules.Chains[$"cluster-{id}"] = $"ip saddr != {clusterCidr} {Masquerade}\n{Balance(rules, port, id, "c", endpoints)}";
        }
    }

    // With the policy Local, pods and the node itself are inside already: they may reach every endpoint through
    // external addresses too.
    private static void AddExternal(
        Ruleset rules, ProxyPort port, string id, IReadOnlyList<ProxyEndpoint> endpoints, string clusterCidr)
    {
        if (!port.ExternalLocal)
        {
            if (endpoints.Count > 0)
            {
                rules.Chains[$"external-{id}"] = $"{Masquerade}\n{Balance(rules, port, id, "e", endpoints)}";
            }
        }
        else if (port.Endpoints.Count > 0)
        {
            rules.Chains[$"inside-{id}"] = Balance(rules, port, id, "i", port.Endpoints);
            var shortCut = $"ip saddr {clusterCidr} goto inside-{id}\nfib saddr type local {Masquerade}\nfib saddr type local goto inside-{id}\n";
            rules.Chains[$"external-{id}"] = endpoints.Count > 0 ? shortCut + Balance(rules, port, id, "e", endpoints) : shortCut;
        }
    }

    private static void AddVerdicts(Ruleset rules, ProxyPort port, IEnumerable<string> keys, string chain, bool isServed)
    {
        foreach (var key in keys)
        {
            if (rules.Chains.ContainsKey(chain))
            {
                rules.Elements[("service-ips", key)] = $"goto {chain}";
            }

            if (!isServed)
            {
                rules.Elements[("no-endpoint-services", key)] = Refusal(port);
            }
        }
    }

    private static void AddNodePort(Ruleset rules, ProxyPort port, string id, bool isServed)
    {
        if (port.NodePort == 0)
        {
            return;
        }

        var key = string.Create(CultureInfo.InvariantCulture, $"{port.Protocol} . {port.NodePort}");
        if (rules.Chains.ContainsKey($"external-{id}"))
        {
            rules.Elements[("service-nodeports", key)] = $"goto external-{id}";
        }

        if (!isServed)
        {
            rules.Elements[("no-endpoint-nodeports", key)] = Refusal(port);
        }
    }

    // Endpoints elsewhere: drop, since another node may answer (upstream's rule). None at all: say so at once.
    private static string Refusal(ProxyPort port) => port.Endpoints.Count > 0 ? "drop" : "goto reject-chain";

    private static IEnumerable<string> InternalKeys(ProxyPort port) => port.ClusterAddresses.Select(a => Key(port, a));

    private static IEnumerable<string> ExternalKeys(ProxyPort port) => port.ExternalAddresses.Select(a => Key(port, a));

    private static string Key(ProxyPort port, IPAddress address) =>
        string.Create(CultureInfo.InvariantCulture, $"{address} . {port.Protocol} . {port.Port}");

    private static string Balance(Ruleset rules, ProxyPort port, string id, string prefix, IReadOnlyList<ProxyEndpoint> endpoints)
    {
        if (port.AffinitySeconds > 0)
        {
            return BalanceWithAffinity(rules, port, id, prefix, endpoints);
        }

        if (endpoints.Count == 1)
        {
            return $"meta l4proto {port.Protocol} dnat to {Target(endpoints[0])}";
        }

        var choices = endpoints.Select((e, i) => string.Create(CultureInfo.InvariantCulture, $"{i} : {e.Address} . {e.Port}"));
        return $"meta l4proto {port.Protocol} dnat ip to numgen random mod {endpoints.Count} map {{ {string.Join(", ", choices)} }}";
    }

    // Each endpoint remembers its clients; a client that some endpoint remembers goes there again.
    private static string BalanceWithAffinity(
        Ruleset rules, ProxyPort port, string id, string prefix, IReadOnlyList<ProxyEndpoint> endpoints)
    {
        var known = new StringBuilder();
        var choices = new List<string>();
        for (var i = 0; i < endpoints.Count; i++)
        {
            // The timeout is part of the name: a set's definition cannot be changed once it is there.
            var name = $"{prefix}-{id}-{Hash($"{Target(endpoints[i])} {port.AffinitySeconds}")[..8]}";
            rules.Sets[$"affinity-{name}"] = string.Create(
                CultureInfo.InvariantCulture, $"type ipv4_addr; flags dynamic,timeout; timeout {port.AffinitySeconds}s; size 65535;");
            rules.Chains[$"endpoint-{name}"] =
                $"update @affinity-{name} {{ ip saddr }}\nmeta l4proto {port.Protocol} dnat to {Target(endpoints[i])}";
            known.Append(CultureInfo.InvariantCulture, $"ip saddr @affinity-{name} goto endpoint-{name}\n");
            choices.Add(string.Create(CultureInfo.InvariantCulture, $"{i} : goto endpoint-{name}"));
        }

        return known + $"numgen random mod {endpoints.Count} vmap {{ {string.Join(", ", choices)} }}";
    }

    private static string Target(ProxyEndpoint endpoint) => string.Create(CultureInfo.InvariantCulture, $"{endpoint.Address}:{endpoint.Port}");

    // Names of chains are bounded and take no slashes; the hash keeps them unique, the start keeps them readable.
    private static string Id(ProxyPort port)
    {
        var name = $"{port.Name}/{port.Protocol}";
        var readable = new string([.. name.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        return $"{Hash(name)[..8]}-{readable}";
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
