using System.Net;
using System.Net.Sockets;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Policies;
using OrleansOrchestrator.NodeAgent.Proxy;
using OrleansOrchestrator.NodeAgent.Tests.Proxy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>Policies as pods see them, through the real kernel: three pods of one node, and a client outside.</summary>
public sealed class PolicyTableTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    private const string Name = "orc-policies";
    private const string Service = "10.96.7.1";
    private const string Client = "192.0.2.2";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(700);

    private Ruleset _inForce = new();

    [Fact]
    public async Task Without_a_policy_everybody_reaches_everybody_and_an_isolated_pod_is_reached_by_its_node_alone()
    {
        var table = Table();
        await ApplyAsync(table);
        await ReachesAsync(network.Pod(2), 1);
        await ReachesAsync(network.Outside, 1);

        await ApplyAsync(table, Ingress(1));
        await ReachesNotAsync(network.Pod(2), 1);
        await ReachesNotAsync(network.Outside, 1);
        await ReachesAsync(network.Node, 1);
        await ReachesAsync(network.Pod(1), 2);
        await ReachesAsync(network.Pod(1), 1);
        await SilentAsync(network.ConnectUdp(network.Pod(2), Address(1), TestNetwork.PodPort));
        await AnswersAsync(network.ConnectUdp(network.Pod(1), Address(2), TestNetwork.PodPort));

        await ApplyAsync(table);
        await ReachesAsync(network.Pod(2), 1);
    }

    [Fact]
    public async Task Pods_are_let_in_by_their_labels_and_connections_that_were_stay()
    {
        var table = Table();
        await ApplyAsync(table, Ingress(1, Rule(From(2))));
        await ReachesAsync(network.Pod(2), 1);
        await ReachesNotAsync(network.Pod(3), 1);
        using var open = await network.ConnectAsync(network.Pod(2), Address(1), TestNetwork.PodPort);
        await TestNetwork.AskAsync(open);

        await ApplyAsync(table, Ingress(1, Rule(From(3))));
        Assert.Equal((Address(1), Address(2)), await TestNetwork.AskAsync(open));
        await ReachesNotAsync(network.Pod(2), 1);
        await ReachesAsync(network.Pod(3), 1);

        await ApplyAsync(table, Ingress(1, Rule(From(3))), Ingress(1, Rule(From(2))));
        await ReachesAsync(network.Pod(2), 1);
        await ReachesAsync(network.Pod(3), 1);
    }

    [Fact]
    public async Task Ports_are_let_in_by_number_range_name_and_protocol()
    {
        var table = Table();
        await ApplyAsync(table, Ingress(1, Rule(null, Port("8080"))));
        await ReachesAsync(network.Pod(2), 1);
        await SilentAsync(network.ConnectUdp(network.Pod(2), Address(1), TestNetwork.PodPort));

        await ApplyAsync(table, Ingress(1, Rule(null, Port("8000", end: 8079), Port("8081", end: 9000))));
        await ReachesNotAsync(network.Pod(2), 1);
        await ApplyAsync(table, Ingress(1, Rule(null, Port("8000", end: 8080), Port("9090"))));
        await ReachesAsync(network.Pod(2), 1);

        await ApplyAsync(table, Ingress(1, Rule(null, Port("serve"))));
        await ReachesAsync(network.Pod(2), 1);
        await ApplyAsync(table, Ingress(1, Rule(null, Port("other"))));
        await ReachesNotAsync(network.Pod(2), 1);

        await ApplyAsync(table, Ingress(1, Rule(null, Port(null, protocol: "UDP"), Port("8080", protocol: "SCTP"))));
        await ReachesNotAsync(network.Pod(2), 1);
        await AnswersAsync(network.ConnectUdp(network.Pod(2), Address(1), TestNetwork.PodPort));
    }

    [Fact]
    public async Task Blocks_of_addresses_are_let_in_without_what_is_taken_out_unless_another_has_it()
    {
        var table = Table();
        await ApplyAsync(table, Ingress(1, Rule([Block("192.0.2.0/24")])));
        await ReachesAsync(network.Outside, 1);
        await ReachesNotAsync(network.Pod(2), 1);

        await ApplyAsync(table, Ingress(1, Rule([Block("0.0.0.0/0", "192.0.2.0/30", "203.0.113.0/24")])));
        await ReachesNotAsync(network.Outside, 1);
        await ReachesAsync(network.Pod(2), 1);

        await ApplyAsync(table, Ingress(1, Rule([Block("192.0.0.0/16", "192.0.2.0/30"), Block($"{Client}/32")])));
        await ReachesAsync(network.Outside, 1);
        await ApplyAsync(table, Ingress(1, Rule([Block("0.0.0.0/0")])));
        await ReachesAsync(network.Outside, 1);
        await ApplyAsync(table, Ingress(1, Rule([Block("2001:db8::/32")])));
        await ReachesNotAsync(network.Outside, 1);
    }

    [Fact]
    public async Task What_goes_out_is_judged_by_where_a_service_leads()
    {
        var (table, proxy) = (Table(), network.NewTable());
        try
        {
            await ServeAsync(proxy, 1);
            await ApplyAsync(table, Egress(3, To(1)));
            Assert.Equal(Address(1), (await network.AskAsync(network.Pod(3), Service, 80)).Server);
            await ReachesNotAsync(network.Pod(3), 2);
            await SilentAsync(network.Pod(3), Client, TestNetwork.PodPort);
            await ReachesAsync(network.Pod(2), 3);

            await ServeAsync(proxy, 2);
            await SilentAsync(network.Pod(3), Service, 80);

            // To itself, and to its own node, a pod may always.
            await ServeAsync(proxy, 3);
            Assert.Equal(Address(3), (await network.AskAsync(network.Pod(3), Service, 80)).Server);
            var refused = await Assert.ThrowsAsync<SocketException>(
                () => network.AskAsync(network.Pod(3), TestNetwork.NodeAddress, 1));
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        }
        finally
        {
            await proxy.ApplyAsync(
                new Dictionary<string, IReadOnlyList<ProxyPort>> { ["default/web"] = [] }, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Both_sides_have_to_agree_and_names_of_ports_are_the_receivers()
    {
        var table = Table();
        await ApplyAsync(table, Egress(3, To(1), Port("serve")), Ingress(1, Rule(From(2))));
        await ReachesNotAsync(network.Pod(3), 1);
        await ReachesAsync(network.Pod(2), 1);
        await ApplyAsync(table, Egress(3, To(1), Port("serve")), Ingress(1, Rule(From(3))));
        await ReachesAsync(network.Pod(3), 1);
        await ReachesNotAsync(network.Pod(3), 2);
        await ApplyAsync(table, Egress(3, To(1), Port("other")), Ingress(1, Rule(From(3))));
        await ReachesNotAsync(network.Pod(3), 1);
    }

    [Theory]
    [InlineData("delete table ip orc-policies")]
    [InlineData("flush ruleset")]
    public async Task What_others_take_away_is_noticed_and_put_back(string damage)
    {
        var table = Table();
        await ApplyAsync(table, Ingress(1));
        Assert.True(await table.IsIntactAsync(CancellationToken.None));
        await NftAsync(damage);
        Assert.False(await table.IsIntactAsync(CancellationToken.None));
        Assert.True(await ApplyAsync(table, Ingress(1)));
        await ReachesNotAsync(network.Pod(2), 1);
        Assert.True(await table.IsIntactAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Who_starts_again_changes_nothing_where_nothing_has_changed_and_what_has_where_it_has()
    {
        V1NetworkPolicy[] policies =
        [
            Ingress(
                1, Rule(From(2), Port("serve"), Port("80"), Port("443")),
                Rule([Block("192.0.0.0/16", "192.0.3.0/28")])),
            Egress(3, To(1)),
        ];
        await ApplyAsync(Table(), policies);
        var rules = await NftAsync($"-a list table ip {Name}");
        Assert.False(await ApplyAsync(Table(keep: true), policies));
        Assert.Equal(rules, await NftAsync($"-a list table ip {Name}"));

        Assert.True(await ApplyAsync(Table(keep: true), policies[1]));
        await ReachesAsync(network.Outside, 1);
        await ReachesNotAsync(network.Pod(3), 2);
    }

    [Fact]
    public async Task What_nobody_needs_any_more_goes()
    {
        var table = Table();
        await ApplyAsync(table, Ingress(1, Rule(From(2))));
        await table.RemoveAsync(CancellationToken.None);
        Assert.DoesNotContain(Name, await NftAsync("list tables"), StringComparison.Ordinal);
        await ReachesAsync(network.Pod(3), 1);
        await table.RemoveAsync(CancellationToken.None);
        await ApplyAsync(table, Ingress(1));
        await ReachesNotAsync(network.Pod(3), 1);
    }

    [Fact]
    public async Task Policies_hold_for_ipv6_and_neighbours_still_find_each_other()
    {
        Assert.SkipWhen(TestNetwork.SixUnavailable is not null, TestNetwork.SixUnavailable ?? "");
        var table = new PolicyTable(IpFamily.Six, Name, TimeProvider.System, network.Node);
        Task ReachesSixAsync(string space) =>
            network.AskAsync(space, TestNetwork.Six(1), TestNetwork.PodPort);
        Task ReachesSixNotAsync(string space) => SilentAsync(space, TestNetwork.Six(1), TestNetwork.PodPort);
        Task<bool> ApplySixAsync(params V1NetworkPolicy[] policies) =>
            table.ApplyAsync(World(policies), CancellationToken.None);

        await ApplySixAsync(Ingress(1, Rule(From(2))), Egress(2, To(1)));
        foreach (var pod in new[] { 1, 2, 3 })
        {
            await TestNetwork.ShellAsync($"ip -n {network.Pod(pod)} -6 neigh flush dev eth0");
        }

        await ReachesSixAsync(network.Pod(2));
        await ReachesSixNotAsync(network.Pod(3));
        await ReachesSixNotAsync(network.Outside);
        await ReachesSixAsync(network.Node);
        await SilentAsync(network.Pod(2), TestNetwork.Six(3), TestNetwork.PodPort);

        await ApplySixAsync(Ingress(1, Rule([Block("2001:db8::/32", "2001:db8:1::/48")], Port("serve"))));
        await ReachesSixAsync(network.Outside);
        await ReachesSixNotAsync(network.Pod(2));
        await table.RemoveAsync(CancellationToken.None);
        await ReachesSixAsync(network.Pod(3));
    }

    private static string Address(int pod) => TestNetwork.Endpoint(pod).Address.ToString();

    private KernelTable Table(bool keep = false)
    {
        Assert.SkipWhen(TestNetwork.Unavailable is not null, TestNetwork.Unavailable ?? "");
        _inForce = keep ? _inForce : new Ruleset();
        return new KernelTable(PolicyRules.Layout(Name, IpFamily.Four), TimeProvider.System, network.Node);
    }

    private async Task<bool> ApplyAsync(KernelTable table, params V1NetworkPolicy[] policies)
    {
        var rules = PolicyRules.Compile(PolicyPlanner.Compute(World(policies), IpFamily.Four), IpFamily.Four);
        var isWritten = await table.ApplyAsync(_inForce, rules, () => rules, CancellationToken.None);
        _inForce = rules;
        return isWritten;
    }

    private static PolicyWorld World(V1NetworkPolicy[] policies)
    {
        var pods = Enumerable.Range(1, 3).Select(static i => new PolicyPod
        {
            Namespace = "default",
            Labels = new Dictionary<string, string> { ["pod"] = $"{i}" },
            Addresses = [Address(i), TestNetwork.Six(i)],
            Ports = [new NamedPort("TCP", "serve", TestNetwork.PodPort), new NamedPort("TCP", "other", 1)],
            IsLocal = true,
        });
        return new PolicyWorld(
            policies, new Dictionary<string, IReadOnlyDictionary<string, string>>(), [.. pods]);
    }

    private static V1NetworkPolicy Ingress(int pod, params V1NetworkPolicyIngressRule[] rules) =>
        Policy(new V1NetworkPolicySpec { PodSelector = Labelled(pod), PolicyTypes = ["Ingress"], Ingress = rules });

    private static V1NetworkPolicy Egress(int pod, V1NetworkPolicyPeer to, params V1NetworkPolicyPort[] ports) =>
        Policy(new V1NetworkPolicySpec
        {
            PodSelector = Labelled(pod),
            PolicyTypes = ["Egress"],
            Egress = [new V1NetworkPolicyEgressRule { To = [to], Ports = ports }],
        });

    private static V1NetworkPolicy Policy(V1NetworkPolicySpec spec) =>
        new() { Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "p" }, Spec = spec };

    private static V1LabelSelector Labelled(int pod) =>
        new() { MatchLabels = new Dictionary<string, string> { ["pod"] = $"{pod}" } };

    private static V1NetworkPolicyIngressRule Rule(V1NetworkPolicyPeer[]? from, params V1NetworkPolicyPort[] ports) =>
        new() { FromProperty = from, Ports = ports };

    private static V1NetworkPolicyPeer[] From(int pod) => [To(pod)];

    private static V1NetworkPolicyPeer To(int pod) => new() { PodSelector = Labelled(pod) };

    private static V1NetworkPolicyPeer Block(string cidr, params string[] except) =>
        new() { IpBlock = new V1IPBlock { Cidr = cidr, Except = except } };

    private static V1NetworkPolicyPort Port(string? port, int? end = null, string protocol = "TCP") =>
        new() { Port = port is null ? null : (IntOrString)port, EndPort = end, Protocol = protocol };

    private static Task ServeAsync(ProxyTable proxy, int pod) => proxy.ApplyAsync(
        new Dictionary<string, IReadOnlyList<ProxyPort>>
        {
            ["default/web"] =
            [
                new ProxyPort
                {
                    Name = "default/web:", Protocol = "tcp", Port = 80, ClusterAddresses = [IPAddress.Parse(Service)],
                    Endpoints = [TestNetwork.Endpoint(pod)],
                },
            ],
        },
        CancellationToken.None);

    private async Task ReachesAsync(string space, int pod) =>
        Assert.Equal(Address(pod), (await network.AskAsync(space, Address(pod), TestNetwork.PodPort)).Server);

    private Task ReachesNotAsync(string space, int pod) => SilentAsync(space, Address(pod), TestNetwork.PodPort);

    private Task SilentAsync(string space, string address, int port) =>
        Assert.ThrowsAnyAsync<OperationCanceledException>(() => network.AskAsync(space, address, port, Short));

    private static async Task AnswersAsync(Socket socket)
    {
        using (socket)
        {
            await TestNetwork.AskAsync(socket);
        }
    }

    private static async Task SilentAsync(Socket socket)
    {
        using (socket)
        {
            using var patience = new CancellationTokenSource(Short);
            await socket.SendAsync("?"u8.ToArray(), patience.Token);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                async () => await socket.ReceiveAsync(new byte[100], patience.Token));
        }
    }

    private Task<string> NftAsync(string command) =>
        TestNetwork.ShellAsync($"ip netns exec {network.Node} nft {command}");
}
