using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Proxy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

/// <summary>Services as clients see them, through the real kernel.</summary>
public sealed class ProxyTableTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    private const string Service = "10.96.1.1";
    private const string External = "198.51.100.7";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(700);
    private static readonly ProxyEndpoint Elsewhere = new(IPAddress.Parse("10.200.9.9"), 8080, IsLocal: false);

    [Fact]
    public async Task A_cluster_address_leads_to_the_endpoints_of_the_moment()
    {
        var table = Table();
        await ProgramAsync(table, Port(1));
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Node, Service, 80)).Server);
        Assert.Equal(("10.200.0.11", "10.200.0.13"), await network.AskAsync(network.Pod(3), Service, 80));

        await ProgramAsync(table, Port(2));
        Assert.Equal("10.200.0.12", (await network.AskAsync(network.Pod(3), Service, 80)).Server);

        await ProgramAsync(table, Port(1, 2));
        Assert.Equal(["10.200.0.11", "10.200.0.12"], await ServersAsync(network.Pod(3), Service, 80, 40));
    }

    [Fact]
    public async Task Node_ports_answer_on_every_address_of_the_node_and_on_loopback()
    {
        await ProgramAsync(Table(), Port(1) with { NodePort = 30080 });
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Outside, TestNetwork.NodeAddress, 30080)).Server);
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Node, "127.0.0.1", 30080)).Server);
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Pod(2), TestNetwork.NodeAddress, 30080)).Server);
    }

    [Fact]
    public async Task External_addresses_lead_inside()
    {
        await ProgramAsync(Table(), Port(1) with { ExternalAddresses = [IPAddress.Parse(External)] });
        Assert.Equal(("10.200.0.11", "10.200.0.1"), await network.AskAsync(network.Outside, External, 80));
    }

    [Fact]
    public async Task Without_endpoints_a_client_is_told_at_once()
    {
        var table = Table();
        await ProgramAsync(
            table, Port() with { NodePort = 30080, ExternalAddresses = [IPAddress.Parse(External)] }, Udp());
        await RefusedAsync(network.Node, Service, 80);
        await RefusedAsync(network.Pod(1), Service, 80);
        await RefusedAsync(network.Outside, TestNetwork.NodeAddress, 30080);
        await RefusedAsync(network.Outside, External, 80);
        await Assert.ThrowsAsync<SocketException>(
            () => TestNetwork.AskAsync(network.ConnectUdp(network.Pod(1), Service, 53)));

        await ProgramAsync(table, Port(1));
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Pod(3), Service, 80)).Server);
    }

    [Fact]
    public async Task Affinity_keeps_a_client_at_its_endpoint_even_over_a_restart_and_ends_with_the_endpoint()
    {
        var table = Table();
        var port = Port(1, 2, 3) with { AffinitySeconds = 100, NodePort = 30080 };
        await ProgramAsync(table, port);
        var first = Assert.Single(await ServersAsync(network.Outside, TestNetwork.NodeAddress, 30080, 12));
        Assert.Contains("timeout 1m40s", await NftAsync("list table ip orc-proxy"), StringComparison.Ordinal);

        await ProgramAsync(network.NewTable(), port);
        Assert.Equal([first], await ServersAsync(network.Outside, TestNetwork.NodeAddress, 30080, 12));

        await ProgramAsync(
            table, port with { Endpoints = [.. port.Endpoints.Where(e => e.Address.ToString() != first)] });
        var second = Assert.Single(await ServersAsync(network.Outside, TestNetwork.NodeAddress, 30080, 12));
        Assert.NotEqual(first, second);

        await ProgramAsync(table, port with { AffinitySeconds = 50 });
        Assert.Single(await ServersAsync(network.Pod(1), Service, 80, 12));
        await ProgramAsync(table);
        Assert.DoesNotContain("goto cluster-", await NftAsync("list map ip orc-proxy service-ips"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task External_policy_local_keeps_the_sender_and_drops_what_only_others_serve()
    {
        var table = Table();
        var port = Port(1) with { NodePort = 30080, ExternalLocal = true, ExternalAddresses = [IPAddress.Parse(External)] };
        await ProgramAsync(table, port with { Endpoints = [.. port.Endpoints, Elsewhere] });
        Assert.Equal(("10.200.0.11", "192.0.2.2"), await network.AskAsync(network.Outside, External, 80));

        await ProgramAsync(table, port with { Endpoints = [Elsewhere] });
        await SilentAsync(network.Outside, External, 80);
        await SilentAsync(network.Outside, TestNetwork.NodeAddress, 30080);

        // Who is inside may go anywhere: the endpoint "elsewhere" is one of ours here.
        await ProgramAsync(table, port with { Endpoints = [TestNetwork.Endpoint(2) with { IsLocal = false }] });
        Assert.Equal("10.200.0.12", (await network.AskAsync(network.Pod(1), External, 80)).Server);
        Assert.Equal("10.200.0.12", (await network.AskAsync(network.Node, "127.0.0.1", 30080)).Server);
        await SilentAsync(network.Outside, External, 80);
    }

    [Fact]
    public async Task Internal_policy_local_uses_local_endpoints_only()
    {
        var table = Table();
        var port = Port(1) with { InternalLocal = true };
        await ProgramAsync(table, port with { Endpoints = [.. port.Endpoints, Elsewhere] });
        Assert.Equal(["10.200.0.11"], await ServersAsync(network.Pod(2), Service, 80, 10));
        await ProgramAsync(table, port with { Endpoints = [Elsewhere] });
        await SilentAsync(network.Pod(2), Service, 80);
        await SilentAsync(network.Node, Service, 80);
    }

    [Fact]
    public async Task Source_ranges_guard_the_load_balancers_address_and_nothing_else()
    {
        var table = Table();
        var address = IPAddress.Parse(External);
        var port = Port(1) with { NodePort = 30080, ExternalAddresses = [address], LoadBalancerAddresses = [address] };
        await ProgramAsync(
            table, port with { SourceRanges = [IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("10.200.0.12/32")] });
        await SilentAsync(network.Outside, External, 80);
        await SilentAsync(network.Node, External, 80);
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Pod(2), External, 80)).Server);
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Outside, TestNetwork.NodeAddress, 30080)).Server);

        await ProgramAsync(table, port with { SourceRanges = [IPNetwork.Parse("192.0.2.0/24")] });
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Outside, External, 80)).Server);
        await ProgramAsync(table, port);
        Assert.DoesNotContain("goto firewall-", await NftAsync("list table ip orc-proxy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_no_service_has_is_refused_at_once_on_a_cluster_address()
    {
        await ProgramAsync(Table(), Port(1));
        await RefusedAsync(network.Pod(3), Service, 81);
        await RefusedAsync(network.Node, Service, 81);
        await Assert.ThrowsAsync<SocketException>(
            () => TestNetwork.AskAsync(network.ConnectUdp(network.Pod(1), Service, 80)));
    }

    [Fact]
    public async Task A_local_pod_that_ends_still_answers_the_local_policy_while_others_elsewhere_are_ready()
    {
        var port = Port(1) with { NodePort = 30080, ExternalLocal = true, InternalLocal = true };
        await ProgramAsync(Table(), port with { Endpoints = [Elsewhere], LocalEndpoints = [TestNetwork.Endpoint(2)] });
        Assert.Equal(
            ("10.200.0.12", "192.0.2.2"), await network.AskAsync(network.Outside, TestNetwork.NodeAddress, 30080));
        Assert.Equal("10.200.0.12", (await network.AskAsync(network.Pod(1), Service, 80)).Server);
    }

    [Fact]
    public async Task No_connection_fails_while_endpoints_come_and_go()
    {
        var table = Table();
        await ProgramAsync(table, Port(1, 2, 3));
        using var ended = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            var count = 0;
            while (!ended.IsCancellationRequested)
            {
                await network.AskAsync(network.Pod(3), Service, 80);
                count++;
            }

            return count;
        })).ToList();
        for (var i = 0; i < 60; i++)
        {
            await ProgramAsync(table, i % 4 == 3 ? Port(3) : Port(i % 2 == 0 ? [1, 2] : [1, 2, 3]));
        }

        await ended.CancelAsync();
        Assert.All(await Task.WhenAll(clients), count => Assert.True(count > 0));
    }

    [Fact]
    public async Task A_pod_reaches_itself_through_its_service_and_keeps_doing_so_when_another_service_goes()
    {
        var table = Table();
        var other = Port(1) with { Name = "default/other:", ClusterAddresses = [IPAddress.Parse("10.96.1.2")] };
        await ProgramAsync(table, Port(1));
        await table.ApplyAsync(Change("default/other", other), CancellationToken.None);
        Assert.Equal(("10.200.0.11", "10.200.0.1"), await network.AskAsync(network.Pod(1), Service, 80));

        await table.ApplyAsync(Change("default/other"), CancellationToken.None);
        Assert.Equal(("10.200.0.11", "10.200.0.1"), await network.AskAsync(network.Pod(1), Service, 80));
    }

    [Fact]
    public async Task Two_services_with_one_external_address_do_not_break_each_other()
    {
        var table = Table();
        var mine = Port(1) with { ExternalAddresses = [IPAddress.Parse(External)] };
        var other = mine with { Name = "default/x:", ClusterAddresses = [IPAddress.Parse("10.96.1.2")], Endpoints = Port(2).Endpoints };
        await ProgramAsync(table, mine);
        await table.ApplyAsync(Change("default/x", other), CancellationToken.None);
        Assert.Equal(["10.200.0.11"], await ServersAsync(network.Outside, External, 80, 4));
        Assert.Equal(["10.200.0.12"], await ServersAsync(network.Pod(3), "10.96.1.2", 80, 4));

        await ProgramAsync(table);
        Assert.Equal(["10.200.0.12"], await ServersAsync(network.Outside, External, 80, 4));
    }

    [Fact]
    public async Task A_udp_flow_follows_its_service()
    {
        var table = Table();
        await ProgramAsync(table, Udp(1) with { NodePort = 30053 });
        using var inside = network.ConnectUdp(network.Pod(3), Service, 53);
        using var outside = network.ConnectUdp(network.Outside, TestNetwork.NodeAddress, 30053);
        Assert.Equal("10.200.0.11", (await TestNetwork.AskAsync(inside)).Server);
        Assert.Equal("10.200.0.11", (await TestNetwork.AskAsync(outside)).Server);

        await ProgramAsync(table, Udp(2) with { NodePort = 30053, AffinitySeconds = 60 });
        Assert.Equal("10.200.0.12", (await TestNetwork.AskAsync(inside)).Server);

        // Who no longer takes new flows but still serves keeps the old ones.
        await ProgramAsync(
            table, Udp(1) with { NodePort = 30053, Serving = Udp(1, 2).Endpoints });
        Assert.Equal("10.200.0.12", (await TestNetwork.AskAsync(inside)).Server);

        await ProgramAsync(table, Udp());
        await Assert.ThrowsAsync<SocketException>(() => TestNetwork.AskAsync(inside));

        // What changed while no agent ran is found by the next one.
        await ProgramAsync(table, Udp(1));
        Assert.Equal("10.200.0.11", (await TestNetwork.AskAsync(inside)).Server);
        await ProgramAsync(network.NewTable(), Udp(3));
        Assert.Equal("10.200.0.13", (await TestNetwork.AskAsync(inside)).Server);
    }

    [Fact]
    public async Task A_new_agent_cuts_neither_connections_nor_requests()
    {
        await ProgramAsync(Table(), Port(1, 2));
        using var connection = await network.ConnectAsync(network.Pod(3), Service, 80);
        var before = await TestNetwork.AskAsync(connection);
        using var ended = new CancellationTokenSource();
        var requests = Task.Run(async () =>
        {
            var count = 0;
            while (!ended.IsCancellationRequested)
            {
                await network.AskAsync(network.Pod(3), Service, 80);
                count++;
            }

            return count;
        });
        for (var i = 0; i < 10; i++)
        {
            await ProgramAsync(network.NewTable(), Port(1, 2));
        }

        await ended.CancelAsync();
        Assert.True(await requests > 0);
        Assert.Equal(before, await TestNetwork.AskAsync(connection));
    }

    [Fact]
    public async Task A_new_agent_writes_nothing_where_nothing_changed_and_only_what_did()
    {
        var external = IPAddress.Parse(External);
        var full = Port(1, 2) with
        {
            NodePort = 30080, ExternalLocal = true, ExternalAddresses = [external], LoadBalancerAddresses = [external],
            SourceRanges = [IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("10.0.0.0/8")],
        };
        ProxyPort[] ports =
        [
            full, Udp(1, 2), Port() with { Name = "default/web:none", Port = 82 },
            Port(1, 3) with { Name = "default/web:sticky", Port = 83, AffinitySeconds = 60 },
            Port() with { Name = "default/web:far", Port = 84, InternalLocal = true, Endpoints = [Elsewhere] },
        ];
        await ProgramAsync(Table(), ports);
        var before = await NftAsync("-s list table ip orc-proxy");
        Assert.False(await ProgramAsync(network.NewTable(), ports));
        Assert.True(await ProgramAsync(network.NewTable(), ports[1..]));
        await SilentAsync(network.Pod(3), Service, 84);
        var young = network.NewTable();
        await ProgramAsync(young, ports);
        Assert.False(await ProgramAsync(young, ports));
        Assert.Equal(Lines(before), Lines(await NftAsync("-s list table ip orc-proxy")));
        Assert.Contains(
            (await network.AskAsync(network.Pod(2), Service, 83)).Server, (string[])["10.200.0.11", "10.200.0.13"]);

        // The kernel lists elements in no order.
        static IEnumerable<string> Lines(string text) => text.Replace("elements = {", "", StringComparison.Ordinal)
            .Split('\n', ',', '}').Select(l => l.Trim()).Where(l => l.Length > 0).Order(StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("flush ruleset")]
    [InlineData("flush table ip orc-proxy")]
    public async Task Rules_that_others_removed_are_noticed_and_written_again(string damage)
    {
        var table = Table();
        await ProgramAsync(table, Port(1));
        Assert.True(await table.IsIntactAsync(CancellationToken.None));
        await NftAsync(damage);
        Assert.False(await table.IsIntactAsync(CancellationToken.None));
        Assert.True(await table.ApplyAsync(new Dictionary<string, IReadOnlyList<ProxyPort>>(), CancellationToken.None));
        Assert.Equal("10.200.0.11", (await network.AskAsync(network.Pod(3), Service, 80)).Server);
        Assert.True(await table.IsIntactAsync(CancellationToken.None));
    }

    [Fact]
    public async Task While_nobody_answers_dns_a_resolver_waits_instead_of_failing()
    {
        await ProgramAsync(Table(), Port(1));
        using var socket = network.ConnectUdp(network.Pod(1), TestNetwork.DnsAddress, 53);
        using var patience = new CancellationTokenSource(Short);
        await socket.SendAsync(new byte[12], patience.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await socket.ReceiveAsync(new byte[100], patience.Token));
    }

    [Fact]
    public async Task One_change_among_many_services_reaches_the_kernel()
    {
        var table = Table();
        var services = int.TryParse(Environment.GetEnvironmentVariable("ORC_PROXY_SERVICES"), out var wanted) ? wanted : 300;
        var all = Enumerable.Range(0, services).ToDictionary(i => $"default/s{i}", i => (IReadOnlyList<ProxyPort>)[Port(1, 2, 3) with
        {
            Name = $"default/s{i}:", ClusterAddresses = [IPAddress.Parse($"10.97.{i / 250}.{1 + (i % 250)}")], NodePort = 20000 + i,
        }]);
        var clock = Stopwatch.StartNew();
        await table.ApplyAsync(all, CancellationToken.None);
        TestContext.Current.TestOutputHelper?.WriteLine($"{services} Services in {clock.ElapsedMilliseconds} ms");
        for (var i = 0; i < 10; i++)
        {
            clock.Restart();
            var port = all["default/s7"][0];
            await table.ApplyAsync(
                Change("default/s7", port with { Endpoints = Port(1 + (i % 3)).Endpoints }), CancellationToken.None);
            TestContext.Current.TestOutputHelper?.WriteLine($"one change in {clock.Elapsed.TotalMilliseconds:F1} ms");
            Assert.Equal($"10.200.0.{11 + (i % 3)}", (await network.AskAsync(network.Pod(3), "10.97.0.8", 80)).Server);
        }

        clock.Restart();
        await ProgramAsync(network.NewTable(), Port(1));
        TestContext.Current.TestOutputHelper?.WriteLine($"renewed in {clock.ElapsedMilliseconds} ms");
    }

    private ProxyTable Table()
    {
        Assert.SkipWhen(TestNetwork.Unavailable is not null, TestNetwork.Unavailable ?? "");
        return network.NewTable();
    }

    private static Task<bool> ProgramAsync(ProxyTable table, params ProxyPort[] ports) =>
        table.ApplyAsync(Change("default/web", ports), CancellationToken.None);

    private static Dictionary<string, IReadOnlyList<ProxyPort>> Change(string service, params ProxyPort[] ports) =>
        new() { [service] = ports };

    private static ProxyPort Port(params int[] pods) => new()
    {
        Name = "default/web:",
        Protocol = "tcp",
        Port = 80,
        ClusterAddresses = [IPAddress.Parse(Service)],
        Endpoints = [.. pods.Select(TestNetwork.Endpoint)],
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

    private Task<string> NftAsync(string command) =>
        TestNetwork.ShellAsync($"ip netns exec {network.Node} nft {command}");
}
