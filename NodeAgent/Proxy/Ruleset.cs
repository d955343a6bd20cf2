using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// What the kernel is to hold for Services, as named parts with text contents: chains with rules, elements of maps and sets, and sets of their own. Two of these can be
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

/// <summary>The rules of one port of a Service. Pure; the structure around it is in <see cref="RulesetText"/>.</summary>
public static class PortRules
{
    private const string Masquerade = "meta mark set meta mark or " + RulesetText.MasqueradeMark;

    /// <summary>Adds the parts of one port.</summary>
    public static void AddTo(Ruleset rules, ProxyPort port, string clusterCidr)
    {
        var id = Id(port);
        var internalEndpoints = port.InternalLocal ? [.. port.Endpoints.Where(e => e.IsLocal)] : port.Endpoints;
        var externalEndpoints = port.ExternalLocal ? [.. port.Endpoints.Where(e => e.IsLocal)] : port.Endpoints;
        AddVerdicts(rules, port, InternalKeys(port), "service-ips", $"cluster-{id}", internalEndpoints, port.InternalLocal);
        AddVerdicts(rules, port, ExternalKeys(port), "service-ips", $"external-{id}", externalEndpoints, port.ExternalLocal);
        AddNodePort(rules, port, id, externalEndpoints);
        if (internalEndpoints.Count > 0)
        {
            // What does not come from a pod would be answered past this node: its source becomes the node.
            rules.Chains[$"cluster-{id}"] = $"ip saddr != {clusterCidr} {Masquerade}\n{Balance(rules, port, id, "c", internalEndpoints)}";
        }

        if (externalEndpoints.Count > 0 && (port.NodePort > 0 || port.ExternalAddresses.Count > 0))
        {
            var mask = port.ExternalLocal ? "" : $"{Masquerade}\n";
            rules.Chains[$"external-{id}"] = mask + Balance(rules, port, id, "e", externalEndpoints);
        }

        foreach (var endpoint in port.Endpoints.Where(e => e.IsLocal))
        {
            // A pod that reaches itself through a Service must not see itself as the sender.
            rules.Elements[("hairpins", $"{endpoint.Address} . {endpoint.Address}")] = "";
        }
    }

    private static void AddVerdicts(
        Ruleset rules,
        ProxyPort port,
        IEnumerable<string> keys,
        string map,
        string chain,
        IReadOnlyList<ProxyEndpoint> endpoints,
        bool isLocalOnly)
    {
        foreach (var key in keys)
        {
            if (endpoints.Count > 0)
            {
                rules.Elements[(map, key)] = $"goto {chain}";
            }
            else
            {
                rules.Elements[("no-endpoint-services", key)] = Refusal(port, isLocalOnly);
            }
        }
    }

    private static void AddNodePort(Ruleset rules, ProxyPort port, string id, IReadOnlyList<ProxyEndpoint> endpoints)
    {
        if (port.NodePort == 0)
        {
            return;
        }

        var key = string.Create(CultureInfo.InvariantCulture, $"{port.Protocol} . {port.NodePort}");
        if (endpoints.Count > 0)
        {
            rules.Elements[("service-nodeports", key)] = $"goto external-{id}";
        }
        else
        {
            rules.Elements[("no-endpoint-nodeports", key)] = Refusal(port, port.ExternalLocal);
        }
    }

    // Endpoints elsewhere: drop, since another node may answer (upstream's rule). None at all: say so at once.
    private static string Refusal(ProxyPort port, bool isLocalOnly) => isLocalOnly && port.Endpoints.Count > 0 ? "drop" : "goto reject-chain";

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
            var name = $"{prefix}-{id}-{Hash(endpoints[i].ToString())[..8]}";
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
