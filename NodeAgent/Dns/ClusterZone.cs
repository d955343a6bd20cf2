using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>
/// The cluster's zone by the Kubernetes DNS specification 1.1.0: Services with an address, headless Services with their
/// endpoints, ExternalName, SRV of named ports, reverse look-ups, and the addresses of pods
/// (<c>10-244-0-5.NAMESPACE.pod</c>). What the specification leaves open is as in CoreDNS: endpoints below Services
/// with an address, weights, the name server. Reads are lock-free; a Service's records are replaced whole.
/// </summary>
public sealed class ClusterZone
{
    private const int TtlSeconds = 30;
    private const int NegativeTtlSeconds = 5;
    private const int SchemaTtlSeconds = 28_800;
    private const string SchemaVersion = "1.1.0";

    private static readonly ImmutableSortedSet<string> NoNames =
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private readonly string _domain;
    private readonly IPAddress? _server;
    private readonly Lock _writing = new();
    private readonly ConcurrentDictionary<(string Namespace, string Name), ServiceRecords> _services = new();
    private readonly ConcurrentDictionary<string, int> _namespaces = new();
    private readonly ConcurrentDictionary<(IPAddress Address, bool OfService), ImmutableSortedSet<string>> _reverse =
        new();

    /// <summary>Empty, and not loaded.</summary>
    /// <param name="domain">The cluster's, such as <c>cluster.local</c>.</param>
    /// <param name="server">The address of its name server; null where nobody is to find it by its name.</param>
    public ClusterZone(string domain, IPAddress? server = null) =>
        (_domain, _server) = (domain.Trim('.').ToLowerInvariant(), server);

    /// <summary>
    /// False until the first list of Services has been read: until then nobody can say that a name does not exist.
    /// </summary>
    public bool IsLoaded { get; set; }

    /// <summary>
    /// Puts a Service in, or its new version in place of the old: at no moment is a name missing that both have.
    /// </summary>
    public void Set(ServiceRecords records)
    {
        lock (_writing)
        {
            var old = Find(records.Namespace, records.Name);
            if (old is null)
            {
                _namespaces.AddOrUpdate(records.Namespace, 1, (_, count) => count + 1);
            }

            _services[(records.Namespace, records.Name)] = records;
            var reverse = ReverseOf(records).ToList();
            foreach (var (key, name) in reverse)
            {
                _reverse[key] = _reverse.GetValueOrDefault(key, NoNames).Add(name);
            }

            RemoveReverse(old is null ? [] : ReverseOf(old).Except(reverse));
        }
    }

    /// <summary>Takes a Service out.</summary>
    public void Remove(string space, string name)
    {
        lock (_writing)
        {
            if (!_services.TryRemove((space, name), out var old))
            {
                return;
            }

            if (_namespaces.AddOrUpdate(space, 0, (_, count) => count - 1) <= 0)
            {
                _namespaces.TryRemove(space, out _);
            }

            RemoveReverse(ReverseOf(old));
        }
    }

    private void RemoveReverse(IEnumerable<((IPAddress Address, bool OfService) Key, string Name)> gone)
    {
        foreach (var (key, name) in gone)
        {
            var left = _reverse.GetValueOrDefault(key, NoNames).Remove(name);
            if (left.IsEmpty)
            {
                _reverse.TryRemove(key, out _);
            }
            else
            {
                _reverse[key] = left;
            }
        }
    }

    /// <summary>The answer; null when the name is not of this zone and others must be asked.</summary>
    public DnsAnswer? Resolve(DnsQuestion question)
    {
        if (question.Class is not (1 or 255))
        {
            return null;
        }

        if (ParseReverse(question.Name) is { } address)
        {
            // A Service's own address is named by Services alone, though it be an endpoint as well: as in CoreDNS.
            return _reverse.TryGetValue((address, true), out var names)
                || _reverse.TryGetValue((address, false), out names)
                ? Records(question, names.Select(
                    n => new DnsRecord(question.Name, DnsType.Ptr, TtlSeconds, DnsWriter.Name(n))))
                : null;
        }

        if (question.Name != _domain && !question.Name.EndsWith($".{_domain}", StringComparison.Ordinal))
        {
            return null;
        }

        if (!IsLoaded)
        {
            return new DnsAnswer { Code = DnsCode.ServerFailure };
        }

        var labels = question.Name[..^_domain.Length].Split('.', StringSplitOptions.RemoveEmptyEntries);
        return ResolveName(question, labels);
    }

    private DnsAnswer ResolveName(DnsQuestion question, string[] labels) => labels switch
    {
        [] => OfZone(question),
        ["dns"] when _server is not null => Nothing(),
        ["ns", "dns"] when _server is not null => Records(question, [Address(question.Name, _server)]),
        ["dns-version"] => Records(question, [Text(question.Name, SchemaVersion)]),
        ["svc"] or ["pod"] => Nothing(),
        [var space, "svc"] => _namespaces.ContainsKey(space) ? Nothing() : Missing(),
        [var service, var space, "svc"] => Find(space, service) is { } found ? OfService(question, found) : Missing(),
        [var label, var service, var space, "svc"] =>
            Find(space, service) is { } found ? OfEndpoint(question, found, label) : Missing(),
        [['_', .. var port], ['_', .. var protocol], var service, var space, "svc"] =>
            Find(space, service) is { } found ? OfPort(question, found, port, protocol) : Missing(),
        // Every namespace may have pods: addresses below it exist, so it does.
        [_, "pod"] => Nothing(),
        [var address, _, "pod"] => OfPod(question, address),
        _ => Missing(),
    };

    private ServiceRecords? Find(string space, string service) => _services.GetValueOrDefault((space, service));

    private DnsAnswer OfZone(DnsQuestion question)
    {
        if (_server is null)
        {
            return Records(question, [Soa()]);
        }

        var server = $"ns.dns.{_domain}";
        var answer = Records(
            question, [Soa(), new DnsRecord(_domain, DnsType.Ns, TtlSeconds, DnsWriter.Name(server))]);
        return question.Type == DnsType.Ns ? answer with { Additional = [Address(server, _server)] } : answer;
    }

    private DnsAnswer OfService(DnsQuestion question, ServiceRecords service)
    {
        // A headless Service without ready endpoints has no records, so its name does not exist, whatever is asked
        // (specification, section 2.4.1); nor has one whose alias is an address.
        if ((service.IsHeadless && service.Endpoints.Count == 0) || IsAddress(service.ExternalName))
        {
            return Missing();
        }

        if (service.ExternalName == question.Name)
        {
            // An alias of itself leads nowhere.
            return Nothing();
        }

        if (service.ExternalName.Length > 0)
        {
            return new DnsAnswer
            {
                Answers =
                    [new DnsRecord(question.Name, DnsType.Cname, TtlSeconds, DnsWriter.Name(service.ExternalName))],
            };
        }

        if (question.Type == DnsType.Srv)
        {
            return Services(question, service, _ => true);
        }

        var addresses = service.IsHeadless
            ? service.Endpoints.Values.SelectMany(e => e).Select(e => e.Address).Distinct()
            : service.Addresses;
        return Records(question, Shuffled([.. addresses.Select(a => Address(question.Name, a))]));
    }

    private DnsAnswer OfEndpoint(DnsQuestion question, ServiceRecords service, string label) =>
        service.Endpoints.TryGetValue(label, out var endpoints)
            ? Records(question, endpoints.Select(e => Address(question.Name, e.Address)))
            : Missing();

    private DnsAnswer OfPort(DnsQuestion question, ServiceRecords service, string port, string protocol)
    {
        bool IsMeant(DnsPort p) => p.Protocol == protocol && p.Name == port && p.Name.Length > 0;
        var exists = service.IsHeadless
            ? service.Endpoints.Values.Any(all => all.Any(e => e.Ports.Any(IsMeant)))
            : service.Ports.Any(IsMeant);
        if (!exists)
        {
            return Missing();
        }

        return question.Type is DnsType.Srv or DnsType.Any ? Services(question, service, IsMeant) : Nothing();
    }

    private DnsAnswer Services(DnsQuestion question, ServiceRecords service, Func<DnsPort, bool> isMeant)
    {
        var own = $"{service.Name}.{service.Namespace}.svc.{_domain}";
        var targets = service.IsHeadless
            ? service.Endpoints.SelectMany(e => e.Value.SelectMany(
                x => x.Ports.Where(isMeant).Select(p => (Target: $"{e.Key}.{own}", Port: p.Number, x.Address)))).ToList()
            : [.. service.Ports.Where(isMeant).SelectMany(p => service.Addresses.Select(a => (Target: own, Port: p.Number, Address: a)))];
        if (targets.Count == 0)
        {
            return Nothing();
        }

        // A name with addresses of both families is one target, and shares the weight by its addresses nevertheless.
        var records = targets.Select(t => (t.Target, t.Port)).Distinct();
        var weight = (ushort)(100 / Math.Min(100, targets.Count));
        return new DnsAnswer
        {
            Answers = [.. records.Select(t => Srv(question.Name, t.Target, t.Port, weight))],
            Additional =
                [.. targets.Select(t => (t.Target, t.Address)).Distinct().Select(t => Address(t.Target, t.Address))],
        };
    }

    private DnsAnswer OfPod(DnsQuestion question, string label)
    {
        var text = label.Count(c => c == '-') == 3 && !label.Contains("--", StringComparison.Ordinal) &&
            label.All(c => char.IsAsciiDigit(c) || c == '-')
            ? label.Replace('-', '.')
            : label.Replace('-', ':') + (label.Contains('-', StringComparison.Ordinal) ? "" : "?");
        return IPAddress.TryParse(text, out var address)
            ? Records(question, [Address(question.Name, address)])
            : Missing();
    }

    private DnsAnswer Records(DnsQuestion question, IEnumerable<DnsRecord> records)
    {
        var fitting = records.Where(r => r.Type == question.Type || question.Type == DnsType.Any).ToList();
        return fitting.Count > 0 ? new DnsAnswer { Answers = fitting } : Nothing();
    }

    private DnsAnswer Nothing() => new() { Authority = [Soa()] };

    private DnsAnswer Missing() => new() { Code = DnsCode.NameError, Authority = [Soa()] };

    private IEnumerable<((IPAddress Address, bool OfService) Key, string Name)> ReverseOf(ServiceRecords service)
    {
        var own = $"{service.Name}.{service.Namespace}.svc.{_domain}";
        return service.Addresses.Select(a => ((a, true), own)).Concat(
            service.Endpoints.Values.SelectMany(e => e).Where(e => e.HasHostname)
                .Select(e => ((e.Address, false), $"{e.Label}.{own}")));
    }

    private static bool IsAddress(string name) =>
        IPAddress.TryParse(name, out var address) && address.ToString() == name;

    private static DnsRecord[] Shuffled(DnsRecord[] records)
    {
#pragma warning disable RS0030 // Any order will do; several threads ask.
        Random.Shared.Shuffle(records);
#pragma warning restore RS0030
        return records;
    }

    private static DnsRecord Address(string name, IPAddress address) => new(
        name,
        address.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa,
        TtlSeconds,
        address.GetAddressBytes());

    private static DnsRecord Text(string name, string text) =>
        new(name, DnsType.Txt, SchemaTtlSeconds, [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)]);

    private static DnsRecord Srv(string name, string target, int port, ushort weight)
    {
        var head = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), weight);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(4), (ushort)port);
        return new DnsRecord(name, DnsType.Srv, TtlSeconds, [.. head, .. DnsWriter.Name(target)]);
    }

    private DnsRecord Soa()
    {
        var numbers = new byte[20];
        int[] values = [1, 7200, 1800, 86400, NegativeTtlSeconds];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(numbers.AsSpan(4 * i), values[i]);
        }

        byte[] data = [.. DnsWriter.Name($"ns.dns.{_domain}"), .. DnsWriter.Name($"hostmaster.{_domain}"), .. numbers];
        return new DnsRecord(_domain, DnsType.Soa, NegativeTtlSeconds, data);
    }

    private static IPAddress? ParseReverse(string name)
    {
        const string V4 = ".in-addr.arpa";
        const string V6 = ".ip6.arpa";
        if (name.EndsWith(V4, StringComparison.Ordinal))
        {
            var parts = name[..^V4.Length].Split('.');
            return parts.Length == 4 && IPAddress.TryParse(string.Join('.', parts.Reverse()), out var v4) ? v4 : null;
        }

        if (!name.EndsWith(V6, StringComparison.Ordinal))
        {
            return null;
        }

        var digits = name[..^V6.Length].Split('.');
        if (digits.Length != 32 || !digits.All(d => d.Length == 1 && char.IsAsciiHexDigit(d[0])))
        {
            return null;
        }

        var hex = string.Concat(digits.Reverse());
        return new IPAddress(Enumerable.Range(0, 16)
            .Select(i => byte.Parse(hex.AsSpan(2 * i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray());
    }
}
