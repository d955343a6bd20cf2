using System.Net;
using System.Net.Sockets;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Dns;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dns;

/// <summary>The Kubernetes DNS specification 1.1.0 as a client sees it: through dig, over a loopback port.</summary>
public sealed class ClusterDnsTests : IAsyncLifetime
{
    private readonly string _resolvConf = Path.GetTempFileName();
    private readonly CancellationTokenSource _ended = new();
    private readonly ClusterZone _zone = new("cluster.local.", IPAddress.Parse("10.96.0.10"));
    private readonly UpstreamResolver _upstream = new();
    private DnsServer _server = null!;
    private int _port;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_resolvConf, "# host\nnameserver 127.0.0.1\nsearch example\n");
        _server = new DnsServer(
            _zone, new Forwarder(_resolvConf, [], TimeProvider.System, _upstream.Port), NullLogger<DnsServer>.Instance);
        _zone.IsLoaded = true;
        _zone.Set(ServiceRecords.Of(Service("web", "10.96.0.5"), []));
        _zone.Set(ServiceRecords.Of(Service("db", "None"), [Slice(("10.244.0.7", "db-0", true), ("10.244.0.8", null, true), ("10.244.0.9", null, false))]));
        _zone.Set(ServiceRecords.Of(Service("dual", "10.96.0.6", "fd00:10:96::6"), []));
        _zone.Set(ServiceRecords.Of(
            Service("both", "None"),
            [
                Slice(("10.244.0.5", "b-0", true)),
                SliceOfSix(("fd00:10:244::5", "b-0", true), ("fd00:10:244::6", null, true)),
            ]));
        _zone.Set(ServiceRecords.Of(Service("empty", "None"), []));
        V1EndpointSlice[] sets = [Slice(("10.244.0.11", null, true), ("10.244.0.12", "set-0", true))];
        _zone.Set(ServiceRecords.Of(Service("sets", "10.96.0.7"), sets));
        _zone.Set(ServiceRecords.Of(Service("sets2", "None"), sets));
        _zone.Set(ServiceRecords.Of(External("alias", "web.default.svc.cluster.local"), []));
        _zone.Set(ServiceRecords.Of(External("alias2", "alias.default.svc.cluster.local"), []));
        _zone.Set(ServiceRecords.Of(External("ring", "ring.default.svc.cluster.local"), []));
        _zone.Set(ServiceRecords.Of(External("away", "small.example"), []));
        _zone.Set(ServiceRecords.Of(External("number", "192.0.2.7"), []));
        _port = LoopbackPort.Free();
        _running = _server.RunAsync(new IPEndPoint(IPAddress.Loopback, _port), _ended.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _upstream.Dispose();
        File.Delete(_resolvConf);
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local A", "A 10.96.0.5")]
    [InlineData("WeB.default.svc.cluster.LOCAL A", "A 10.96.0.5")]
    [InlineData("_http._tcp.web.default.svc.cluster.local SRV", "SRV 0 100 80 web.default.svc.cluster.local.")]
    [InlineData(
        "_http._tcp.db.default.svc.cluster.local SRV",
        "SRV 0 50 8080 10-244-0-8.db.default.svc.cluster.local. SRV 0 50 8080 db-0.db.default.svc.cluster.local.")]
    [InlineData("db.default.svc.cluster.local A", "A 10.244.0.7 A 10.244.0.8")]
    [InlineData("db-0.db.default.svc.cluster.local A", "A 10.244.0.7")]
    [InlineData("10-244-0-8.db.default.svc.cluster.local A", "A 10.244.0.8")]
    [InlineData("10-244-0-8.default.pod.cluster.local A", "A 10.244.0.8")]
    [InlineData("dual.default.svc.cluster.local A", "A 10.96.0.6")]
    [InlineData("dual.default.svc.cluster.local AAAA", "AAAA fd00:10:96::6")]
    [InlineData("_http._tcp.dual.default.svc.cluster.local SRV", "SRV 0 50 80 dual.default.svc.cluster.local.")]
    [InlineData("both.default.svc.cluster.local A", "A 10.244.0.5")]
    [InlineData("both.default.svc.cluster.local AAAA", "AAAA fd00:10:244::5 AAAA fd00:10:244::6")]
    [InlineData("b-0.both.default.svc.cluster.local A", "A 10.244.0.5")]
    [InlineData("b-0.both.default.svc.cluster.local AAAA", "AAAA fd00:10:244::5")]
    [InlineData("fd00-10-244--6.both.default.svc.cluster.local AAAA", "AAAA fd00:10:244::6")]
    [InlineData("fd00-10-244--6.default.pod.cluster.local AAAA", "AAAA fd00:10:244::6")]
    [InlineData(
        "6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa PTR",
        "PTR dual.default.svc.cluster.local.")]
    [InlineData(
        "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa PTR",
        "PTR b-0.both.default.svc.cluster.local.")]
    [InlineData("5.0.96.10.in-addr.arpa PTR", "PTR web.default.svc.cluster.local.")]
    [InlineData("7.0.244.10.in-addr.arpa PTR", "PTR db-0.db.default.svc.cluster.local.")]
    [InlineData("alias.default.svc.cluster.local A", "CNAME web.default.svc.cluster.local. A 10.96.0.5")]
    [InlineData(
        "alias2.default.svc.cluster.local A",
        "CNAME alias.default.svc.cluster.local. CNAME web.default.svc.cluster.local. A 10.96.0.5")]
    [InlineData("away.default.svc.cluster.local A", "CNAME small.example. A 192.0.2.80")]
    [InlineData("dns-version.cluster.local TXT", "TXT \"1.1.0\"")]
    [InlineData("cluster.local NS", "NS ns.dns.cluster.local.")]
    [InlineData("ns.dns.cluster.local A", "A 10.96.0.10")]
    [InlineData("10-244-0-11.sets.default.svc.cluster.local A", "A 10.244.0.11")]
    [InlineData("set-0.sets.default.svc.cluster.local A", "A 10.244.0.12")]
    [InlineData(
        "12.0.244.10.in-addr.arpa PTR",
        "PTR set-0.sets.default.svc.cluster.local. PTR set-0.sets2.default.svc.cluster.local.")]
    [InlineData("sets.default.svc.cluster.local A", "A 10.96.0.7")]
    [InlineData("_http._tcp.sets.default.svc.cluster.local SRV", "SRV 0 100 80 sets.default.svc.cluster.local.")]
    [InlineData("1--2-3.default.pod.cluster.local AAAA", "AAAA 1::2:3")]
    [InlineData("small.example A", "A 192.0.2.80")]
    public async Task Names_have_their_records(string question, string expected)
    {
        var (status, answers, _) = await DigAsync(question);
        Assert.Equal(("NOERROR", Sorted(expected)), (status, Sorted(string.Join(' ', answers))));
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local AAAA", "NOERROR")]
    [InlineData("default.svc.cluster.local A", "NOERROR")]
    [InlineData("nothing.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("web.nowhere.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("nowhere.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("10-244-0-9.db.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("_http._udp.web.default.svc.cluster.local SRV", "NXDOMAIN")]
    [InlineData("_x._tcp.web.default.svc.cluster.local SRV", "NXDOMAIN")]
    [InlineData("empty.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("10-244-0-8.default.pod.cluster.local AAAA", "NOERROR")]
    [InlineData("nobody.default.pod.cluster.local A", "NXDOMAIN")]
    [InlineData("default.pod.cluster.local A", "NOERROR")]
    [InlineData("empty.default.svc.cluster.local SRV", "NXDOMAIN")]
    [InlineData("dns-version.cluster.local A", "NOERROR")]
    [InlineData("db-0.db.default.svc.cluster.local AAAA", "NOERROR")]
    [InlineData("svc.cluster.local NS", "NOERROR")]
    [InlineData("default.svc.cluster.local NS", "NOERROR")]
    [InlineData("foo.cluster.local NS", "NXDOMAIN")]
    [InlineData("foo.svc.cluster.local NS", "NXDOMAIN")]
    [InlineData("web.default.svc.cluster.local SOA", "NOERROR")]
    [InlineData("bogus.web.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("endpoint.away.default.svc.cluster.local CNAME", "NXDOMAIN")]
    [InlineData("*.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("number.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("cluster.local AAAA", "NOERROR")]
    [InlineData("dns.cluster.local A", "NOERROR")]
    [InlineData("www.example.com.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("web.default.svc.cluster.local MX", "NOERROR")]
    public async Task What_is_not_there_is_told_with_an_soa(string question, string expected)
    {
        var (status, answers, text) = await DigAsync(question);
        Assert.Equal(expected, status);
        Assert.Empty(answers);
        Assert.Contains("SOA", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_says_that_a_name_is_missing_before_the_zone_is_known()
    {
        _zone.IsLoaded = false;
        Assert.Equal("SERVFAIL", (await DigAsync("nothing.default.svc.cluster.local A")).Status);
    }

    [Fact]
    public async Task An_extension_of_a_later_version_is_refused_by_its_code() =>
        Assert.Equal("BADVERS", (await DigAsync("web.default.svc.cluster.local A +edns=1 +noednsneg")).Status);

    [Theory]
    [InlineData("ring", "")]
    [InlineData("to", "CNAME fro.default.svc.cluster.local. CNAME to.default.svc.cluster.local.")]
    [InlineData(
        "round",
        "CNAME to.default.svc.cluster.local. CNAME fro.default.svc.cluster.local. CNAME to.default.svc.cluster.local.")]
    public async Task In_a_ring_of_aliases_each_is_said_once(string name, string expected)
    {
        _zone.Set(ServiceRecords.Of(External("to", "fro.default.svc.cluster.local"), []));
        _zone.Set(ServiceRecords.Of(External("fro", "to.default.svc.cluster.local"), []));
        _zone.Set(ServiceRecords.Of(External("round", "to.default.svc.cluster.local"), []));
        var (status, answers, _) = await DigAsync($"{name}.default.svc.cluster.local A");
        Assert.Equal(("NOERROR", expected), (status, string.Join(' ', answers)));
    }

    /// <summary>Resolvers remember that a name does not exist, and then do not ask for its other types.</summary>
    [Theory]
    [InlineData("web.default.svc", true)]
    [InlineData("db.default.svc", true)]
    [InlineData("db-0.db.default.svc", true)]
    [InlineData("alias.default.svc", true)]
    [InlineData("ring.default.svc", true)]
    [InlineData("_http._tcp.web.default.svc", true)]
    [InlineData("_http._tcp.db.default.svc", true)]
    [InlineData("default.svc", true)]
    [InlineData("svc", true)]
    [InlineData("pod", true)]
    [InlineData("default.pod", true)]
    [InlineData("10-244-0-8.default.pod", true)]
    [InlineData("dns-version", true)]
    [InlineData("empty.default.svc", false)]
    [InlineData("_http._tcp.empty.default.svc", false)]
    [InlineData("nothing.default.svc", false)]
    [InlineData("nobody.default.pod", false)]
    [InlineData("nowhere.svc", false)]
    public void Whether_a_name_exists_does_not_depend_on_the_type_that_is_asked(string name, bool exists)
    {
        foreach (var type in new[] { DnsType.A, DnsType.Aaaa, DnsType.Srv, DnsType.Txt, DnsType.Ptr, DnsType.Soa,
            DnsType.Cname, DnsType.Any, (DnsType)15 })
        {
            var answer = _zone.Resolve(
                new DnsQuestion { Name = $"{name}.cluster.local", Type = type, Class = 1, Section = [] });
            Assert.Equal((type, exists ? DnsCode.NoError : DnsCode.NameError), (type, answer!.Code));
        }
    }

    [Fact]
    public async Task Large_answers_are_cut_over_udp_and_whole_over_tcp_and_edns_takes_more()
    {
        var endpoints = Enumerable.Range(1, 60).Select(i => ($"10.244.1.{i}", (string?)null, true)).ToArray();
        _zone.Set(ServiceRecords.Of(Service("big", "None"), [Slice(endpoints)]));
        var cut = await DigAsync("big.default.svc.cluster.local A +ignore +noedns");
        Assert.Contains("flags: qr aa tc", cut.Text, StringComparison.Ordinal);

        // As many as fit in 512 bytes: a head of 12, the question of 35, and 16 for each.
        Assert.Equal((512 - 12 - 35) / 16, cut.Answers.Count);
        Assert.Equal(60, (await DigAsync("big.default.svc.cluster.local A +noedns")).Answers.Count);
        var edns = await DigAsync("big.default.svc.cluster.local A +ignore +bufsize=1232");
        Assert.Equal(60, edns.Answers.Count);
        Assert.Contains("EDNS: version: 0", edns.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_of_others_are_remembered_and_asked_over_tcp_when_cut()
    {
        await DigAsync("small.example A");
        await DigAsync("SMALL.example A");
        Assert.Equal(1, _upstream.UdpQuestions);
        var big = await DigAsync("big.example A");
        Assert.Equal("A 192.0.2.81", Assert.Single(big.Answers));
        Assert.Equal(1, _upstream.TcpQuestions);
    }

    [Fact]
    public async Task A_lost_question_is_asked_again()
    {
        _upstream.LoseNext = 1;
        Assert.Equal("A 192.0.2.80", Assert.Single((await DigAsync("small.example A")).Answers));
        Assert.Equal(2, _upstream.UdpQuestions);
    }

    [Fact]
    public void A_name_of_an_address_goes_with_its_own_service_only()
    {
        _zone.Remove("default", "sets");
        var question = new DnsQuestion
        {
            Name = "12.0.244.10.in-addr.arpa", Type = DnsType.Ptr, Class = 1, Section = [],
        };
        Assert.Equal(
            DnsWriter.Name("set-0.sets2.default.svc.cluster.local"),
            Assert.Single(_zone.Resolve(question)!.Answers).Data);

        _zone.Remove("default", "sets2");
        Assert.Null(_zone.Resolve(question));
    }

    [Fact]
    public void A_services_own_address_is_named_by_services_alone()
    {
        _zone.Set(ServiceRecords.Of(Service("front", "10.244.0.12"), []));
        var question = new DnsQuestion
        {
            Name = "12.0.244.10.in-addr.arpa", Type = DnsType.Ptr, Class = 1, Section = [],
        };
        Assert.Equal(
            DnsWriter.Name("front.default.svc.cluster.local"), Assert.Single(_zone.Resolve(question)!.Answers).Data);

        _zone.Remove("default", "front");
        Assert.Equal(2, _zone.Resolve(question)!.Answers.Count);
    }

    [Fact]
    public async Task A_service_that_changes_never_goes_missing()
    {
        using var ended = new CancellationTokenSource();
        var changing = Task.Run(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                _zone.Set(ServiceRecords.Of(Service("web", "10.96.0.5"), []));
            }
        });
        foreach (var name in Enumerable.Repeat(new[] { "web.default.svc.cluster.local", "5.0.96.10.in-addr.arpa" }, 5000).SelectMany(n => n))
        {
            var type = name[0] == 'w' ? DnsType.A : DnsType.Ptr;
            var answer = _zone.Resolve(new DnsQuestion { Name = name, Type = type, Class = 1, Section = [] });
            Assert.Single(answer!.Answers);
        }

        await ended.CancelAsync();
        await changing;
    }

    private async Task<(string Status, List<string> Answers, string Text)> DigAsync(string question)
    {
        Assert.SkipUnless(Commands.Exists("dig"), "needs dig");
        var result = await Commands.RunAsync(
            "dig", ["@127.0.0.1", "-p", $"{_port}", "+tries=1", "+time=8", .. question.Split(' ')], CancellationToken.None);
        var lines = result.Output.Split('\n');
        var status = lines.FirstOrDefault(
            l => l.Contains("status: ", StringComparison.Ordinal))?.Split("status: ")[1].Split(',')[0] ?? result.Output;
        var answers = lines.SkipWhile(l => l != ";; ANSWER SECTION:").Skip(1).TakeWhile(l => l.Length > 0)
            .Select(
                l => string.Join(' ', l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Skip(3))).ToList();
        return (status, answers, result.Output);
    }

    private static string Sorted(string text) => string.Join(' ', text.Split(' ').Order(StringComparer.Ordinal));

    private static V1Service Service(string name, params string[] addresses) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            Type = "ClusterIP", ClusterIP = addresses[0], ClusterIPs = addresses,
            Ports = [new V1ServicePort { Name = "http", Port = 80 }],
        },
    };

    private static V1EndpointSlice SliceOfSix(params (string Address, string? Hostname, bool Ready)[] endpoints)
    {
        var slice = Slice(endpoints);
        slice.AddressType = "IPv6";
        return slice;
    }

    private static V1Service External(string name, string target) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { Type = "ExternalName", ExternalName = target },
    };

    private static V1EndpointSlice Slice(params (string Address, string? Hostname, bool Ready)[] endpoints) => new()
    {
        AddressType = "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 8080, Protocol = "TCP" }],
        Endpoints = [.. endpoints.Select(e => new V1Endpoint
        {
            Addresses = [e.Address], Hostname = e.Hostname, Conditions = new V1EndpointConditions { Ready = e.Ready },
        })],
    };
}
