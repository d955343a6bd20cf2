using System.Globalization;
using System.Net;
using System.Text;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// The rules of one port of a Service. Pure; the structure around it is in <see cref="ProxyLayout"/>.
///
/// A Service has no chain of its own. Its address leads to a chain that all Services of the same shape share ("three
/// endpoints, from inside"), which picks a number. The chain of that number finds the endpoint in its map by address,
/// protocol and port. So nearly every change is one of a few elements, and neither nft nor the kernel's validation
/// walks chains by the thousand. Only session affinity and source ranges need chains of a Service.
/// </summary>
public sealed class PortRules
{
    private const string Masquerade = "meta mark set meta mark or " + ProxyLayout.MasqueradeMark;

    private readonly Ruleset _rules;
    private readonly ProxyPort _port;
    private readonly string _clusterCidr;
    private readonly IpFamily _family;
    private readonly string _id;

    private PortRules(Ruleset rules, ProxyPort port, string clusterCidr)
    {
        _rules = rules;
        _port = port;
        _clusterCidr = clusterCidr;
        _family = IpFamily.Of(clusterCidr);
        _id = Id(port);
    }

    /// <summary>What a client addresses: an address with a port, or a port of the node.</summary>
    private readonly record struct Front(string Key, bool IsNodePort, IpFamily Family)
    {
        public string Prefix => IsNodePort ? "nodeport-" : "";

        public string Expression =>
            IsNodePort ? "meta l4proto . th dport" : $"{Family.Word} daddr . meta l4proto . th dport";

        public string KeyType =>
            IsNodePort ? "inet_proto . inet_service" : $"{Family.AddressType} . inet_proto . inet_service";

        public string Verdicts => IsNodePort ? "service-nodeports" : "service-ips";

        public string Refusals => IsNodePort ? "no-endpoint-nodeports" : "no-endpoint-services";
    }

    /// <summary>Adds the parts of one port.</summary>
    /// <param name="rules">To what.</param>
    /// <param name="port">The port; all of its addresses are of one family.</param>
    /// <param name="clusterCidr">Addresses of pods in that family.</param>
    public static void AddTo(Ruleset rules, ProxyPort port, string clusterCidr)
    {
        var builder = new PortRules(rules, port, clusterCidr);
        foreach (var address in port.ClusterAddresses)
        {
            rules.Elements[("cluster-ips", address.ToString())] = "";
            builder.AddInternal(builder.FrontAt(address));
        }

        foreach (var address in port.ExternalAddresses)
        {
            builder.AddExternal(builder.FrontAt(address));
        }

        if (port.NodePort > 0)
        {
            builder.AddExternal(
                new Front(Text($"{port.Protocol} . {port.NodePort}"), IsNodePort: true, builder._family));
        }

        builder.AddFirewall();
        builder.AddHairpins();
    }

    /// <summary>
    /// Differs when the same names would mean other contents: a table with another fingerprint cannot be taken over.
    /// </summary>
    public static string Fingerprint(string clusterCidr)
    {
        var rules = new Ruleset();
        var family = IpFamily.Of(clusterCidr);
        var some = family == IpFamily.Four ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        var port = new ProxyPort
        {
            Name = "a/b:c",
            Protocol = "udp",
            Port = 1,
            ClusterAddresses = [some],
            ExternalAddresses = [some],
            LoadBalancerAddresses = [some],
            SourceRanges = [new IPNetwork(some, family.Bits)],
            NodePort = 2,
            Endpoints = [new(some, 3, IsLocal: true), new(some, 4, IsLocal: true)],
        };
        AddTo(rules, port, clusterCidr);
        AddTo(rules, port with { ExternalLocal = true }, clusterCidr);
        AddTo(rules, port with { ExternalLocal = true, AffinitySeconds = 5 }, clusterCidr);
        AddTo(rules, port with { AffinitySeconds = 5 }, clusterCidr);
        return Hash(
            string.Join('\n', rules.Parts.Select(p => $"{p.Key} {p.Value}").Order(StringComparer.Ordinal)));
    }

    private void AddInternal(Front front)
    {
        var endpoints = _port.InternalLocal ? _port.LocalEndpoints : _port.Endpoints;
        if (endpoints.Count > 0)
        {
            // What does not come from a pod would be answered past this node: its source becomes the node.
            var head = $"{_family.Word} saddr != {_clusterCidr} {Masquerade}";
            AddVerdict(front, Chain(front, "cluster", endpoints, "endpoint", head));
        }

        AddRefusal(front, endpoints);
    }

    private void AddExternal(Front front)
    {
        if (!_port.ExternalLocal)
        {
            if (_port.Endpoints.Count > 0)
            {
                AddVerdict(front, Chain(front, "external", _port.Endpoints, "endpoint", Masquerade));
            }

            AddRefusal(front, _port.Endpoints);
            return;
        }

        if (_port.Endpoints.Count > 0)
        {
            // With the policy Local, pods and the node itself are inside already: they may reach every endpoint through
            // external addresses too.
            var inside = Chain(front, "inside", _port.Endpoints, "endpoint", "");
            var shortCut = $"""
                {_family.Word} saddr {_clusterCidr} goto {inside}
                fib saddr type local {Masquerade}
                fib saddr type local goto {inside}
                """;
            AddVerdict(front, Chain(front, "local", _port.LocalEndpoints, "local-endpoint", shortCut));
        }

        AddRefusal(front, _port.LocalEndpoints);
    }

    private void AddVerdict(Front front, string chain) =>
        _rules.Elements[(front.Verdicts, front.Key)] = $"goto {chain}";

    // Endpoints elsewhere: drop, since another node may answer (upstream's rule). None at all: say so at once.
    private void AddRefusal(Front front, IReadOnlyList<ProxyEndpoint> endpoints)
    {
        if (endpoints.Count == 0)
        {
            _rules.Elements[(front.Refusals, front.Key)] = _port.Endpoints.Count > 0 ? "drop" : "goto reject-chain";
        }

        if (_port.Protocol == "udp")
        {
            _rules.Flows[front.Key] =
                string.Join(' ', _port.Serving.Select(TargetOf).Distinct().Order(StringComparer.Ordinal));
        }
    }

    // Name of the chain that begins with the head and then balances over the endpoints; without any, the head is all.
    private string Chain(Front front, string kind, IReadOnlyList<ProxyEndpoint> endpoints, string map, string head)
    {
        if (_port.AffinitySeconds > 0)
        {
            return OwnChain(kind, $"{head}\n{BalanceWithAffinity(endpoints)}");
        }

        var shape = kind == "local" ? Text($"{endpoints.Count}-of-{_port.Endpoints.Count}")
            : Text($"{endpoints.Count}");
        var chain = $"{front.Prefix}{kind}-{shape}";
        _rules.Parts[new Part(PartKind.Chain, chain)] = $"{head}\n{Balance(front, endpoints, front.Prefix + map)}";
        return chain;
    }

    private string OwnChain(string kind, string body)
    {
        var chain = $"{kind}-{_id}-{Hash(body)}";
        _rules.Parts[new Part(PartKind.Chain, chain)] = body;
        return chain;
    }

    // A packet that is between two chains while a transaction takes its endpoint away finds nothing: the first endpoint
    // is always there.
    private string Balance(Front front, IReadOnlyList<ProxyEndpoint> endpoints, string map)
    {
        for (var i = 0; i < endpoints.Count; i++)
        {
            var name = Text($"{map}-{i}");
            _rules.Parts[new Part(PartKind.Map, name)] =
                $"type {front.KeyType} : {_family.AddressType} . inet_service;";
            _rules.Parts[new Part(PartKind.Chain, $"to-{name}")] = Find(name) + (i > 0 ? $"\n{Find($"{map}-0")}" : "");
            _rules.Elements[(name, front.Key)] = Text($"{endpoints[i].Address} . {endpoints[i].Port}");
        }

        var choices = Enumerable.Range(0, endpoints.Count).Select(i => Text($"{i} : goto to-{map}-{i}"));
        return endpoints.Count switch
        {
            0 => "",
            1 => Find($"{map}-0"),
            _ => Text($"numgen random mod {endpoints.Count} vmap {{ {string.Join(", ", choices)} }}"),
        };

        string Find(string name) => $"dnat {_family.Word} to {front.Expression} map @{name}";
    }

    // Each endpoint remembers its clients, by whatever address they came; a client that some endpoint remembers goes
    // there again.
    private string BalanceWithAffinity(IReadOnlyList<ProxyEndpoint> endpoints)
    {
        var known = new StringBuilder();
        var choices = new List<string>();
        foreach (var endpoint in endpoints)
        {
            var target = TargetOf(endpoint);
            var name = $"{_id}-{Hash(Text($"{target} {_port.AffinitySeconds}"))}";
            _rules.Parts[new Part(PartKind.Set, $"affinity-{name}")] = Text(
                $"type {_family.AddressType}; flags dynamic,timeout; timeout {_port.AffinitySeconds}s; size 65535;");
            _rules.Parts[new Part(PartKind.Chain, $"endpoint-{name}")] =
                $"update @affinity-{name} {{ {_family.Word} saddr }}\nmeta l4proto {_port.Protocol} dnat to {target}";
            known.Append(CultureInfo.InvariantCulture, $"{_family.Word} saddr @affinity-{name} goto endpoint-{name}\n");
            choices.Add(Text($"{choices.Count} : goto endpoint-{name}"));
        }

        return choices.Count == 0 ? ""
            : known + Text($"numgen random mod {choices.Count} vmap {{ {string.Join(", ", choices)} }}");
    }

    // Node ports are not subject to the source ranges, as upstream has it.
    private void AddFirewall()
    {
        if (_port.SourceRanges.Count == 0 || _port.LoadBalancerAddresses.Count == 0)
        {
            return;
        }

        var chain = OwnChain("firewall", $"{_family.Word} saddr != {{ {string.Join(", ", _port.SourceRanges)} }} drop");
        foreach (var address in _port.LoadBalancerAddresses)
        {
            _rules.Elements[("firewall-ips", Key(address))] = $"goto {chain}";
        }
    }

    // A pod that reaches itself through a Service must not see itself as the sender.
    private void AddHairpins()
    {
        foreach (var address in _port.Hairpins)
        {
            _rules.Elements[("hairpins", $"{address} . {address}")] = "";
        }
    }

    private static string TargetOf(ProxyEndpoint endpoint) =>
        new IPEndPoint(endpoint.Address, endpoint.Port).ToString();

    private Front FrontAt(IPAddress address) => new(Key(address), IsNodePort: false, _family);

    private string Key(IPAddress address) => Text($"{address} . {_port.Protocol} . {_port.Port}");

    // Names of chains are bounded and take no slashes; the hash keeps them unique, the start keeps them readable.
    private static string Id(ProxyPort port)
    {
        var name = $"{port.Name}/{port.Protocol}";
        var readable = new string([.. name.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        return $"{Hash(name)}-{readable}";
    }

    private static string Hash(string text) => Part.Hash(text, 8);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
