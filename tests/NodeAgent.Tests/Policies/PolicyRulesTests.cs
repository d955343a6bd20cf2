using System.Globalization;
using System.Net;
using CsCheck;
using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Policies;
using OrleansOrchestrator.NodeAgent.Tests.Nftables;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>What policies say, against a naive reading of them, and against a naive model of the kernel.</summary>
public sealed class PolicyRulesTests
{
    private static readonly TableLayout Layout = PolicyRules.Layout("orc-policies", IpFamily.Four);

    [Fact]
    public void The_rules_let_through_what_the_policies_do_and_nothing_else() =>
        Gen.Select(PolicyWorlds.Any, PolicyWorlds.AnyPacket.List[40, 40]).Check(
        static (world, packets) =>
        {
            var reader = new RulesReader(Compile(world));
            Assert.All(packets, p => Assert.Equal(NaivePolicies.Allows(world, p), reader.Allows(p)));
        },
        cases: 3000);

    /// <summary>The same cluster with each address written as one of IPv6: the same packets pass.</summary>
    [Fact]
    public void What_holds_for_ipv4_holds_for_ipv6() =>
        Gen.Select(PolicyWorlds.Any, PolicyWorlds.AnyPacket.List[40, 40]).Check(
        static (world, packets) =>
        {
            var reader = new RulesReader(Compile(InSix(world), IpFamily.Six));
            Assert.All(packets, p => Assert.Equal(
                NaivePolicies.Allows(world, p),
                reader.Allows(p with { From = InSix(p.From), To = InSix(p.To) })));
        },
        cases: 1000);

    [Fact]
    public void A_pod_with_addresses_of_both_families_is_judged_by_that_of_the_packet()
    {
        var pod = Pod("10.0.0.1") with { Addresses = ["10.0.0.1", "fd00::1"] };
        var world = World(
            Policy(new V1NetworkPolicySpec
            {
                PodSelector = new V1LabelSelector(),
                Ingress =
                [
                    new V1NetworkPolicyIngressRule
                    {
                        FromProperty = [new V1NetworkPolicyPeer { IpBlock = new V1IPBlock { Cidr = "2001:db8::/32" } }],
                    },
                ],
            }),
            pod);
        var (four, six) = (Compile(world), Compile(world, IpFamily.Six));
        Assert.Equal("drop", One(four, "in-").Value);
        Assert.Equal(["10.0.0.1"], four.Elements.Keys.Where(k => k.Set == "to-pods").Select(k => k.Key));
        Assert.Equal(["fd00::1"], six.Elements.Keys.Where(k => k.Set == "to-pods").Select(k => k.Key));
        Assert.Equal(
            "type ipv6_addr; flags interval; elements = { 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff };",
            One(six, "blocks-").Value);
    }

    [Fact]
    public void Changes_step_by_step_lead_where_writing_everything_leads() =>
        Gen.Select(PolicyWorlds.Any, Gen.Int[0, 2]).List[1, 8].Check(
        static steps =>
        {
            var (text, kernel, time) = (new TableText(Layout), new KernelModel(Layout), new ManualTime());
            var (parts, before) = (new HeldParts(time), new Ruleset());
            foreach (var (world, seconds) in steps.Append((steps[^1].Item1, 2)))
            {
                time.Now += TimeSpan.FromSeconds(seconds);
                var after = Compile(world);
                var idle = parts.Due(after);
                kernel.Run(text.Change(before, after, parts.Missing(after), idle));
                parts.Note(before.Parts.Keys, after, idle);
                before = after;
            }

            var whole = new KernelModel(Layout);
            whole.Run(text.Change(new Ruleset(), before, before.Parts, []));
            Assert.Equal(whole.Dump(), kernel.Dump());
        },
        cases: 500);

    [Fact]
    public void A_part_never_changes_its_contents() => PolicyWorlds.Any.List[1, 8].Check(
        static worlds =>
        {
            var seen = new Dictionary<Part, string>();
            foreach (var (part, body) in worlds.SelectMany(static w => Compile(w).Parts))
            {
                Assert.Equal(body, seen.TryGetValue(part, out var before) ? before : body);
                seen[part] = body;
            }
        },
        cases: 500);

    [Fact]
    public void A_pod_that_comes_is_elements_and_no_rule()
    {
        var world = World(Policy(new V1NetworkPolicySpec
        {
            PodSelector = new V1LabelSelector(),
            Ingress = [new V1NetworkPolicyIngressRule { FromProperty = [Selected("app", "client")] }],
        }), Pod("10.0.0.1"));
        var before = Compile(world);
        var far = Pod("10.0.0.3", "client") with { IsLocal = false };
        var after = Compile(world with { Pods = [.. world.Pods, Pod("10.0.0.2", "client"), far] });
        Assert.Equal(before.Parts, after.Parts);
        var change = new TableText(Layout).Change(before, after, [], []);
        Assert.Matches("""
            ^add element ip orc-policies pods-[0-9a-f]{24} \{ 10\.0\.0\.2, 10\.0\.0\.3 \}
            add element ip orc-policies to-pods \{ 10\.0\.0\.2 : jump in-[0-9a-f]{24} \}
            add element ip orc-policies selves \{ 10\.0\.0\.2 \. 10\.0\.0\.2 \}
            $
            """, change);
    }

    [Fact]
    public void Pods_that_may_the_same_share_a_chain_whatever_policies_say_so()
    {
        V1NetworkPolicySpec To(string app) => new()
        {
            PodSelector = Selected("app", app).PodSelector,
            Ingress = [new V1NetworkPolicyIngressRule { Ports = [new V1NetworkPolicyPort { Port = "80" }] }],
        };
        var rules = Compile(World([Policy(To("x")), Policy(To("y"))], Pod("10.0.0.1", "x"), Pod("10.0.0.2", "y")));
        Assert.Equal("tcp dport 80 return\ndrop", Assert.Single(rules.Parts).Value);
        Assert.Equal(rules.Elements[("to-pods", "10.0.0.1")], rules.Elements[("to-pods", "10.0.0.2")]);
    }

    [Fact]
    public void Policies_that_select_no_pod_of_this_node_cost_nothing()
    {
        var policy = Policy(new V1NetworkPolicySpec { PodSelector = new V1LabelSelector() });
        var rules = Compile(World(
            policy, Pod("10.0.0.1") with { IsLocal = false }, Pod("10.0.0.2") with { Namespace = "other" }));
        Assert.Empty(rules.Parts);
        Assert.Empty(rules.Elements);
    }

    [Fact]
    public void Ports_are_merged_and_named_ones_looked_up()
    {
        var rules = Compile(World(Policy(new V1NetworkPolicySpec
        {
            PodSelector = new V1LabelSelector(),
            Egress =
            [
                new V1NetworkPolicyEgressRule
                {
                    To =
                    [
                        new V1NetworkPolicyPeer
                        {
                            IpBlock = new V1IPBlock { Cidr = "192.0.2.0/24", Except = ["192.0.2.8/29"] },
                        },
                    ],
                    Ports =
                    [
                        new V1NetworkPolicyPort { Port = "80", EndPort = 90 }, new V1NetworkPolicyPort { Port = "91" },
                        new V1NetworkPolicyPort { Port = "443" }, new V1NetworkPolicyPort { Protocol = "UDP" },
                        new V1NetworkPolicyPort { Port = "http" },
                    ],
                },
            ],
        }), Pod("10.0.0.1") with { Ports = [new NamedPort("TCP", "http", 8080)] }));
        var (chain, body) = One(rules, "out-");
        var blocks = One(rules, "blocks-");
        Assert.Equal($"jump {chain.Name}", rules.Elements[("from-pods", "10.0.0.1")]);
        Assert.Equal($"""
            ip daddr @{blocks.Key.Name} ip daddr . meta l4proto . th dport @ports-tcp-http return
            ip daddr @{blocks.Key.Name} meta l4proto udp return
            ip daddr @{blocks.Key.Name} tcp dport {"{"} 80-91, 443 {"}"} return
            drop
            """, body);
        Assert.Equal(
            "type ipv4_addr; flags interval; elements = { 192.0.2.0-192.0.2.7, 192.0.2.16-192.0.2.255 };",
            blocks.Value);
        Assert.Contains(("ports-tcp-http", "10.0.0.1 . tcp . 8080"), rules.Elements.Keys);
    }

    // 10.0.0.5 is 2001:db8:4::a00:5, and so are the blocks that hold it; a block of IPv6 holds none of them.
    private static string InSix(string address)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        return IPAddress.Parse($"2001:db8:4::{(bytes[0] << 8) | bytes[1]:x}:{(bytes[2] << 8) | bytes[3]:x}").ToString();
    }

    private static string BlockInSix(string cidr) => cidr.Split('/') is [var address, var length] && !cidr.Contains(':')
        ? $"{InSix(address)}/{int.Parse(length, CultureInfo.InvariantCulture) + 96}"
        : "10.0.0.0/8";

    private static PolicyWorld InSix(PolicyWorld world)
    {
        var policies = KubernetesJson.Deserialize<List<V1NetworkPolicy>>(KubernetesJson.Serialize(world.Policies));
        var peers = policies.SelectMany(static p => (p.Spec.Ingress ?? []).SelectMany(static r => r.FromProperty ?? [])
            .Concat((p.Spec.Egress ?? []).SelectMany(static r => r.To ?? [])));
        foreach (var block in peers.Select(static p => p.IpBlock).OfType<V1IPBlock>())
        {
            block.Except = block.Except?.Select(BlockInSix).ToList();
            block.Cidr = BlockInSix(block.Cidr);
        }

        return world with
        {
            Policies = policies,
            Pods = [.. world.Pods.Select(static p => p with { Addresses = [.. p.Addresses.Select(InSix)] })],
        };
    }

    private static KeyValuePair<Part, string> One(Ruleset rules, string prefix) =>
        Assert.Single(rules.Parts, p => p.Key.Name.StartsWith(prefix, StringComparison.Ordinal));

    private static Ruleset Compile(PolicyWorld world) => Compile(world, IpFamily.Four);

    private static Ruleset Compile(PolicyWorld world, IpFamily family) =>
        PolicyRules.Compile(PolicyPlanner.Compute(world, family), family);

    private static PolicyWorld World(V1NetworkPolicy policy, params PolicyPod[] pods) => World([policy], pods);

    private static PolicyWorld World(V1NetworkPolicy[] policies, params PolicyPod[] pods) =>
        new(policies, new Dictionary<string, IReadOnlyDictionary<string, string>>(), pods);

    private static V1NetworkPolicy Policy(V1NetworkPolicySpec spec) =>
        new() { Metadata = new V1ObjectMeta { NamespaceProperty = "a", Name = "p" }, Spec = spec };

    private static V1NetworkPolicyPeer Selected(string key, string value) =>
        new() { PodSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { [key] = value } } };

    private static PolicyPod Pod(string address, string? app = null) => new()
    {
        Namespace = "a",
        Labels = app is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["app"] = app },
        Addresses = [address],
        IsLocal = true,
    };
}
