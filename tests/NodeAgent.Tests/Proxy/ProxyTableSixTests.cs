using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Proxy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

/// <summary>Services with addresses of IPv6 as clients see them, through the real kernel.</summary>
public sealed class ProxyTableSixTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    private const string Service = "fd00:10:96::1:1";
    private const string External = "2001:db8:7::7";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(700);
    private static readonly ProxyEndpoint Elsewhere = new(IPAddress.Parse("fd00:10:200:9::9"), 8080, IsLocal: false);

    [Fact]
    public async Task A_cluster_address_leads_to_the_endpoints_of_the_moment()
    {
        var table = Table();
        await ProgramAsync(table, Port(1));
        Assert.Equal(TestNetwork.Six(1), (await network.AskAsync(network.Node, Service, 80)).Server);
        Assert.Equal(
            (TestNetwork.Six(1), TestNetwork.Six(3)), await network.AskAsync(network.Pod(3), Service, 80));
        await ProgramAsync(table, Port(1, 2));
        Assert.Equal(
            [TestNetwork.Six(1), TestNetwork.Six(2)],
            await ServersAsync(network.Pod(3), Service, 80, 40));
    }

    [Fact]
    public async Task A_pod_reaches_itself_through_its_service()
    {
        await ProgramAsync(Table(), Port(1));
        Assert.Equal((TestNetwork.Six(1), "fd00:10:200::1"), await network.AskAsync(network.Pod(1), Service, 80));
    }

    [Fact]
    public async Task Node_ports_answer_on_the_addresses_of_the_node_and_external_addresses_lead_inside()
    {
        var external = IPAddress.Parse(External);
        await ProgramAsync(Table(), Port(1) with { NodePort = 30080, ExternalAddresses = [external] });
        foreach (var space in new[] { network.Outside, network.Pod(2) })
        {
            Assert.Equal(TestNetwork.Six(1), (await network.AskAsync(space, TestNetwork.SixOfNode, 30080)).Server);
        }

        Assert.Equal(
            (TestNetwork.Six(1), "fd00:10:200::1"), await network.AskAsync(network.Outside, External, 80));
        await RefusedAsync(network.Node, "::1", 30080);
    }

    [Fact]
    public async Task Without_endpoints_a_client_is_told_at_once()
    {
        var table = Table();
        await ProgramAsync(table, Port() with { NodePort = 30080 }, Udp());
        await RefusedAsync(network.Node, Service, 80);
        await RefusedAsync(network.Pod(1), Service, 80);
        await RefusedAsync(network.Pod(1), Service, 81);
        await RefusedAsync(network.Outside, TestNetwork.SixOfNode, 30080);
        await Assert.ThrowsAsync<SocketException>(
            () => TestNetwork.AskAsync(network.ConnectUdp(network.Pod(1), Service, 53)));
    }

    [Fact]
    public async Task Affinity_keeps_a_client_at_its_endpoint()
    {
        var table = Table();
        await ProgramAsync(table, Port(1, 2, 3) with { AffinitySeconds = 100, NodePort = 30080 });
        var first = Assert.Single(await ServersAsync(network.Outside, TestNetwork.SixOfNode, 30080, 12));
        var others = ((int[])[1, 2, 3]).Where(i => TestNetwork.Six(i) != first).ToArray();
        await ProgramAsync(table, Port(others) with { AffinitySeconds = 100, NodePort = 30080 });
        Assert.NotEqual(first, Assert.Single(await ServersAsync(network.Outside, TestNetwork.SixOfNode, 30080, 12)));
    }

    [Fact]
    public async Task External_policy_local_keeps_the_sender_and_drops_what_only_others_serve()
    {
        var table = Table();
        var port = Port(1) with { ExternalLocal = true, ExternalAddresses = [IPAddress.Parse(External)] };
        await ProgramAsync(table, port with { Endpoints = [.. port.Endpoints, Elsewhere] });
        Assert.Equal(
            (TestNetwork.Six(1), TestNetwork.SixOfOutside), await network.AskAsync(network.Outside, External, 80));
        await ProgramAsync(table, port with { Endpoints = [TestNetwork.SixEndpoint(2) with { IsLocal = false }] });
        await SilentAsync(network.Outside, External, 80);
        Assert.Equal(TestNetwork.Six(2), (await network.AskAsync(network.Pod(1), External, 80)).Server);
    }

    [Fact]
    public async Task Source_ranges_guard_the_load_balancers_address()
    {
        var table = Table();
        var address = IPAddress.Parse(External);
        var port = Port(1) with { ExternalAddresses = [address], LoadBalancerAddresses = [address] };
        await ProgramAsync(table, port with { SourceRanges = [IPNetwork.Parse("2001:db8:9::/48")] });
        await SilentAsync(network.Outside, External, 80);
        await ProgramAsync(table, port with { SourceRanges = [IPNetwork.Parse("2001:db8::/64")] });
        Assert.Equal(TestNetwork.Six(1), (await network.AskAsync(network.Outside, External, 80)).Server);
    }

    [Fact]
    public async Task A_udp_flow_follows_its_service()
    {
        var table = Table();
        await ProgramAsync(table, Udp(1) with { NodePort = 30053 });
        using var inside = network.ConnectUdp(network.Pod(3), Service, 53);
        Assert.Equal(TestNetwork.Six(1), (await TestNetwork.AskAsync(inside)).Server);
        await ProgramAsync(table, Udp(2) with { NodePort = 30053 });
        Assert.Equal(TestNetwork.Six(2), (await TestNetwork.AskAsync(inside)).Server);
        await ProgramAsync(network.NewSixTable(), Udp(3));
        Assert.Equal(TestNetwork.Six(3), (await TestNetwork.AskAsync(inside)).Server);
    }

    [Fact]
    public async Task A_new_agent_writes_nothing_where_nothing_changed()
    {
        var external = IPAddress.Parse(External);
        ProxyPort[] ports =
        [
            Port(1, 2) with
            {
                NodePort = 30080, ExternalLocal = true, ExternalAddresses = [external],
                LoadBalancerAddresses = [external], SourceRanges = [IPNetwork.Parse("2001:db8::/32")],
            },
            Udp(1, 2), Port() with { Name = "default/web:none", Port = 82 },
            Port(1, 3) with { Name = "default/web:sticky", Port = 83, AffinitySeconds = 60 },
        ];
        await ProgramAsync(Table(), ports);
        Assert.False(await ProgramAsync(network.NewSixTable(), ports));
    }

    [Fact]
    public async Task Both_families_stand_side_by_side()
    {
        await ProgramAsync(Table(), Port(1));
        var four = network.NewTable();
        await four.ApplyAsync(
            new Dictionary<string, IReadOnlyList<ProxyPort>>
            {
                ["default/web"] =
                [
                    Port() with
                    {
                        ClusterAddresses = [IPAddress.Parse("10.96.1.1")], Endpoints = [TestNetwork.Endpoint(2)],
                    },
                ],
            },
            CancellationToken.None);
        Assert.Equal("10.200.0.12", (await network.AskAsync(network.Pod(3), "10.96.1.1", 80)).Server);
        Assert.Equal(TestNetwork.Six(1), (await network.AskAsync(network.Pod(3), Service, 80)).Server);
    }

    private ProxyTable Table()
    {
        Assert.SkipWhen(TestNetwork.SixUnavailable is not null, TestNetwork.SixUnavailable ?? "");
        return network.NewSixTable();
    }

    private static Task<bool> ProgramAsync(ProxyTable table, params ProxyPort[] ports) => table.ApplyAsync(
        new Dictionary<string, IReadOnlyList<ProxyPort>> { ["default/web"] = ports }, CancellationToken.None);

    private static ProxyPort Port(params int[] pods) => new()
    {
        Name = "default/web:",
        Protocol = "tcp",
        Port = 80,
        ClusterAddresses = [IPAddress.Parse(Service)],
        Endpoints = [.. pods.Select(TestNetwork.SixEndpoint)],
    };

    private static ProxyPort Udp(params int[] pods) =>
        Port(pods) with { Name = "default/web:dns", Protocol = "udp", Port = 53 };

    private async Task<IEnumerable<string>> ServersAsync(string space, string address, int port, int times)
    {
        var servers = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < times; i++)
        {
            servers.Add((await network.AskAsync(space, address, port)).Server);
        }

        return servers;
    }

    private async Task RefusedAsync(string space, string address, int port)
    {
        var failure = await Assert.ThrowsAsync<SocketException>(() => network.AskAsync(space, address, port));
        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
    }

    private Task SilentAsync(string space, string address, int port) =>
        Assert.ThrowsAnyAsync<OperationCanceledException>(() => network.AskAsync(space, address, port, Short));
}
