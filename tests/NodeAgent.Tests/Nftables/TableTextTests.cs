using System.Net;
using CsCheck;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Proxy;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Nftables;

/// <summary>Steps from state to state against a naive model of the kernel.</summary>
public sealed class TableTextTests
{
    private const string Cidr = "10.244.0.0/16";

    // Few names, addresses and ports, so that Services get into each other's way.
    private static readonly Gen<ProxyEndpoint> AnyEndpoint = Gen.Select(
        Gen.Int[1, 4], Gen.Bool, (host, local) => new ProxyEndpoint(IPAddress.Parse($"10.244.0.{host}"), 8080, local));

    private static readonly Gen<ProxyPort> AnyPort = Gen.Select(
        Gen.Select(Gen.Bool.Select(b => b ? "tcp" : "udp"), Gen.Int[1, 2], Gen.Int[0, 2], Gen.Int[0, 2]),
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Int[0, 3].Select(i => i < 2 ? 0 : 30 * i)),
        Gen.Select(AnyEndpoint.List[0, 4], AnyEndpoint.List[0, 2], Gen.Int[0, 2]),
        (where, how, chosen) => new ProxyPort
        {
            Name = "",
            Protocol = where.Item1,
            Port = where.Item2,
            ClusterAddresses = [],
            ExternalAddresses = where.Item3 == 0 ? [] : [IPAddress.Parse($"198.51.100.{where.Item3}")],
            NodePort = where.Item4 == 0 ? 0 : 30000 + where.Item4,
            InternalLocal = how.Item1,
            ExternalLocal = how.Item2,
            AffinitySeconds = how.Item3,
            Endpoints = [.. chosen.Item1.Distinct()],
            LocalEndpoints =
                [.. chosen.Item1.Count == 0 ? [] : chosen.Item2.Select(e => e with { IsLocal = true }).Distinct()],
            LoadBalancerAddresses = where.Item3 == 0 ? [] : [IPAddress.Parse($"198.51.100.{where.Item3}")],
            SourceRanges = [.. Enumerable.Range(0, chosen.Item3).Select(i => IPNetwork.Parse($"192.0.{i}.0/24"))],
        });

    private static readonly TableLayout Layout = ProxyLayout.Of("orc-proxy", Cidr, "");

    private static readonly TableText Text = new(Layout);

    private static readonly Gen<Dictionary<string, Ruleset>> AnyStep = Gen.Select(
        Gen.Int[0, 4],
        AnyPort.List[0, 2],
        (service, ports) => ($"default/s{service}", RulesOf(service, ports))).List[1, 3]
        .Select(list => list.DistinctBy(x => x.Item1).ToDictionary(x => x.Item1, x => x.Item2));

    [Fact]
    public void Changes_step_by_step_lead_where_writing_everything_leads() =>
        Gen.Select(AnyStep, Gen.Int[0, 2]).List[1, 12].Check(
        steps =>
        {
            var (ledger, kernel, time) = (new RulesetLedger(), new KernelModel(Layout), new ManualTime());
            var parts = new HeldParts(time);
            foreach (var (step, seconds) in steps.Append((new Dictionary<string, Ruleset>(), 2)))
            {
                time.Now += TimeSpan.FromSeconds(seconds);
                var (before, after) = ledger.Replace(step);
                var idle = parts.Due(after);
                kernel.Run(Text.Change(before, after, parts.Missing(after), idle));
                parts.Note(before.Parts.Keys, after, idle);
            }

            var whole = new KernelModel(Layout);
            var all = ledger.All();
            whole.Run(Text.Change(new Ruleset(), all, all.Parts, []));
            Assert.Equal(whole.Dump(), kernel.Dump());
        },
        cases: 3000);

    [Fact]
    public void A_part_never_changes_its_contents() => AnyStep.List[1, 12].Check(
        steps =>
        {
            var seen = new Dictionary<Part, string>();
            foreach (var (part, body) in steps.SelectMany(s => s.Values).SelectMany(r => r.Parts))
            {
                Assert.Equal(body, seen.TryGetValue(part, out var before) ? before : body);
                seen[part] = body;
            }
        },
        cases: 1000);

    [Fact]
    public void What_nobody_wants_stays_for_a_moment_and_what_is_wanted_again_stays()
    {
        var time = new ManualTime();
        var parts = new HeldParts(time);
        var some = new Ruleset();
        some.Parts[new Part(PartKind.Chain, "a")] = "";
        parts.Note([], some, []);
        parts.Note(some.Parts.Keys, new Ruleset(), []);
        Assert.Empty(parts.Due(new Ruleset()));
        Assert.Empty(parts.Missing(some));
        time.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(some.Parts.Keys, parts.Due(new Ruleset()));
        Assert.Empty(parts.Due(some));
        parts.Note([], some, []);
        Assert.Empty(parts.Due(new Ruleset()));
    }

    [Fact]
    public void The_same_services_give_the_same_rules_whatever_came_before() => Gen.Select(AnyStep.List[1, 6], AnyStep).Check(
        (history, last) =>
        {
            var old = new RulesetLedger();
            foreach (var step in history)
            {
                old.Replace(step);
            }

            old.Replace(Enumerable.Range(0, 5).ToDictionary(i => $"default/s{i}", _ => new Ruleset()));
            old.Replace(last);
            var young = new RulesetLedger();
            young.Replace(last);
            Assert.Equal(young.All().Parts.OrderBy(p => p.Key.Name), old.All().Parts.OrderBy(p => p.Key.Name));
            Assert.Equal("", Text.Change(old.All(), young.All(), [], []));
        },
        cases: 500);

    [Fact]
    public void Nothing_changes_when_nothing_changed()
    {
        var ledger = new RulesetLedger();
        var port = new ProxyPort
        {
            Name = "default/s:", Protocol = "tcp", Port = 80, ClusterAddresses = [IPAddress.Parse("10.96.0.9")],
            Endpoints = [new ProxyEndpoint(IPAddress.Parse("10.244.0.2"), 80, true)],
        };
        Dictionary<string, Ruleset> Step()
        {
            var rules = new Ruleset();
            PortRules.AddTo(rules, port, Cidr);
            return new Dictionary<string, Ruleset> { ["default/s"] = rules };
        }

        ledger.Replace(Step());
        var (before, after) = ledger.Replace(Step());
        Assert.Equal("", Text.Change(before, after, [], []));
    }

    private static Ruleset RulesOf(int service, List<ProxyPort> ports)
    {
        var rules = new Ruleset();
        foreach (var (port, i) in ports.DistinctBy(p => (p.Protocol, p.Port)).Select((p, i) => (p, i)))
        {
            PortRules.AddTo(
                rules, port with { Name = $"default/s{service}:p{i}", ClusterAddresses = [IPAddress.Parse($"10.96.0.{service}")] }, Cidr);
        }

        return rules;
    }
}
