using System.Net;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>What a cluster takes of its machine when others have theirs already.</summary>
public sealed class MachineShareTests
{
    private const string Root = "/var/lib/orc-new";

    // Directories that surely exist, as those of clusters that are there.
    private const string Other = "/usr";
    private const string Gone = "/no/such/directory";

    private static readonly WantedShare Anything = new();

    [Fact]
    public void The_shares_of_a_machine_have_nothing_in_common()
    {
        var shares = Enumerable.Range(0, MachineShare.Shares).Select(MachineShare.At).ToList();
        var ports = shares.SelectMany(static s => new[] { s.Port, s.SiloPort, s.KubeletPort, s.ProxyHealthPort })
            .ToList();
        Assert.Distinct(ports);
        Assert.Distinct(shares.SelectMany(static s => new[] { s.NodeLink, s.DnsLink, s.Bridge }));
        var networks = shares.SelectMany(static s => new[] { s.PodCidr, s.ServiceCidr }).Select(IPNetwork.Parse)
            .ToList();
        Assert.Distinct(networks.Select(static n => n.BaseAddress));
        Assert.DoesNotContain(shares, s => networks.Any(n => n.Contains(IPAddress.Parse(s.NodeAddress))));
        Assert.All(
            shares, static s => Assert.True(IPNetwork.Parse(s.ServiceCidr).Contains(IPAddress.Parse(s.DnsAddress))));
        var nodePorts = shares.Select(static s => PortRange.Parse(s.NodePorts)!).ToList();
        Assert.All(nodePorts.Zip(nodePorts.Skip(1)), static pair => Assert.True(pair.Second.Last < pair.First.First));
        Assert.DoesNotContain(ports, port => nodePorts.Any(r => port >= r.First && port <= r.Last));
        Assert.All(shares, static s =>
            Assert.All(new[] { s.NodeLink, s.DnsLink, s.Bridge }, static l => Assert.True(l.Length < 16)));
    }

    [Fact]
    public void The_first_cluster_has_what_the_documents_say()
    {
        var share = State().Choose(Anything, Root, isHollow: false);
        Assert.Equal(
            ("orc", 6443, "10.243.0.1", "10.244.0.0/16", "10.96.0.0/16", "10.96.0.10", "30000-32767",
                "orc0"),
            (share.Name, share.Port, share.NodeAddress, share.PodCidr, share.ServiceCidr,
                share.DnsAddress, share.NodePorts, share.Bridge));
    }

    [Fact]
    public void The_next_cluster_takes_the_next_share_whatever_shows_that_the_first_is_taken()
    {
        MachineState[] states =
        [
            State(owners: [("orc-node", Other)]), State(owners: [("orc-dns", Other)]),
            State(addresses: [("eth0", "10.244.3.1")]), State(addresses: [("eth0", "10.96.7.7")]),
            State(addresses: [("eth0", "10.243.0.1")]),
            State(ports: [6443]), State(ports: [11111]), State(ports: [10250]), State(ports: [10256]),
        ];
        Assert.All(states, static s => Assert.Equal("orc1", s.Choose(Anything, Root, isHollow: false).Name));
        Assert.Equal(6443, State(owners: [("orc-node", Other)]).Choose(Anything, Root, isHollow: true).Port);
    }

    [Fact]
    public void What_its_own_earlier_run_or_a_cluster_that_is_gone_has_left_is_no_hindrance()
    {
        var left = State(
            owners: [("orc-node", Root), ("orc-dns", $"{Root}/node")],
            addresses: [("orc-node", "10.243.0.1"), ("orc-dns", "10.96.0.10"), ("orc0", "10.244.0.1")]);
        Assert.Equal("orc", left.Choose(Anything, Root, isHollow: false).Name);
        Assert.Equal("orc", State(owners: [("orc-node", Gone)]).Choose(Anything, Root, isHollow: false).Name);
    }

    /// <summary>
    /// Every option that an error names is one that the command has: the test of the command line knows them.
    /// </summary>
    [Theory]
    [InlineData("port:6443", "--port")]
    [InlineData("port:11111", "--silo-port")]
    [InlineData("port:10250", "--kubelet-port")]
    [InlineData("port:10256", "--proxy-health-port")]
    [InlineData("link:orc-node", "--network-name")]
    [InlineData("link:orc-dns", "--network-name")]
    [InlineData("address:10.244.9.9", "--pod-cidr")]
    [InlineData("address:10.96.9.9", "--service-cidr")]
    [InlineData("address:10.243.0.1", "--node-ip")]
    public void What_is_taken_is_told_with_the_option_that_helps(string taken, string option)
    {
        var what = taken.Split(':');
        var state = what[0] switch
        {
            "port" => State(ports: [int.Parse(what[1], System.Globalization.CultureInfo.InvariantCulture)]),
            "link" => State(owners: [(what[1], Other)]),
            _ => State(addresses: [("eth0", what[1])]),
        };
        var problem = state.ProblemOf(MachineShare.At(0), Root, isHollow: false, isRunning: false);
        Assert.EndsWith($"{option}.", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_user_chose_is_kept_or_refused()
    {
        var wanted = new WantedShare { Port = 7443, Services = DualNetwork.Parse("10.50.0.0/20"), Name = "mine" };
        var share = State(ports: [6443]).Choose(wanted, Root, isHollow: false);
        Assert.Equal((7443, "10.50.0.0/20", "10.50.0.10", "mine-node", "mine-pods"),
            (share.Port, share.ServiceCidr, share.DnsAddress, share.NodeLink, share.Bridge));
        var refused = Assert.Throws<UserErrorException>(
            () => State(ports: [7443]).Choose(wanted, Root, isHollow: false));
        Assert.Equal(
            "Port 7443 is in use by another program: stop that, or choose another port with --port.", refused.Message);
    }

    [Fact]
    public void A_restored_cluster_keeps_its_networks_and_gets_ports_and_names_that_are_free()
    {
        var networks = WantedShare.Of(new StoreNetworks("10.8.0.0/16,fd00::/56", "10.9.0.0/16", "20000-20100"));
        var state = State(owners: [("orc-node", Other)], ports: [6443]);
        var share = state.ChooseRestored(networks, Root);
        Assert.Equal(
            ("orc1", 6444, "10.8.0.0/16", "10.9.0.0/16", "10.9.0.10", "20000-20100"),
            (share.Name, share.Port, share.PodCidr, share.ServiceCidr, share.DnsAddress, share.NodePorts));
        Assert.Equal(MachineShare.At(0), State().ChooseRestored(WantedShare.Of(null), Root));
    }

    [Fact]
    public void A_cluster_of_two_families_has_an_address_of_each_on_its_link()
    {
        var wanted = new WantedShare
        {
            Pods = DualNetwork.Parse("10.8.0.0/16,fd00:10:8::/56"),
            Services = DualNetwork.Parse("10.9.0.0/16,fd00:10:9::/112"),
        };
        var share = State(owners: [("orc-node", Other)]).Choose(wanted, Root, isHollow: false);
        Assert.Equal(
            ("10.8.0.0/16,fd00:10:8::/56", "10.9.0.0/16,fd00:10:9::/112", "10.9.0.10", "10.243.1.1,fd00:10:243:1::1"),
            (share.PodCidr, share.ServiceCidr, share.DnsAddress, share.NodeAddresses));
        var foreign = wanted with { NodeAddresses = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")] };
        Assert.Equal("192.0.2.1,2001:db8::1", foreign.Over(MachineShare.At(0)).NodeAddresses);
        Assert.Empty(foreign.Over(MachineShare.At(0)).OwnAddresses);
        Assert.Equal("10.243.0.1", MachineShare.At(0).NodeAddresses);
    }

    [Theory]
    [InlineData(
        "fd00:10:8::/56", "fd00:10:9::/112", "fd00:10:9::a", "fd00:10:243:1::1", "fd00:10:243:1::1:0/112")]
    [InlineData(
        "fd00:10:8::/56,10.8.0.0/16", "fd00:10:9::/112,10.9.0.0/16", "fd00:10:9::a", "fd00:10:243:1::1,10.243.1.1",
        "fd00:10:243:1::1:0/112 10.243.1.192/26")]
    public void A_cluster_may_have_IPv6_alone_or_first(
        string pods, string services, string dns, string addresses, string pools)
    {
        var wanted = new WantedShare { Pods = DualNetwork.Parse(pods), Services = DualNetwork.Parse(services) };
        var state = State(owners: [("orc-node", Other)]);

        var share = state.Choose(wanted, Root, isHollow: false);

        Assert.Equal(
            (pods, services, dns, addresses, "fd00:10:243:1::1"),
            (share.PodCidr, share.ServiceCidr, share.DnsAddress, share.NodeAddresses, share.PrimaryAddress));
        Assert.Equal(pools.Split(' '), share.LoadBalancerPools);
        Assert.All(
            share.OwnAddresses,
            a => Assert.DoesNotContain(share.LoadBalancerPools, p => IPNetwork.Parse(p).Contains(a)));
        Assert.True(share.HasSix);
    }

    [Theory]
    [InlineData("192.0.2.1", false)]
    [InlineData("192.0.2.1,2001:db8::1", false)]
    [InlineData("2001:db8::1", true)]
    [InlineData("2001:db8::1,192.0.2.1", true)]
    public void The_nodes_first_address_is_of_the_first_family(string addresses, bool isGood)
    {
        var wanted = new WantedShare
        {
            Pods = DualNetwork.Parse("fd00:10:8::/56,10.8.0.0/16"),
            Services = DualNetwork.Parse("fd00:10:9::/112,10.9.0.0/16"),
            NodeAddresses = [.. addresses.Split(',').Select(IPAddress.Parse)],
        };

        var problem = State().ProblemOf(wanted.Over(MachineShare.At(0)), Root, isHollow: false, isRunning: false);

        Assert.Equal(isGood, problem is null);
        Assert.True(isGood || problem!.Contains("--node-ip", StringComparison.Ordinal));
    }

    [Fact]
    public void Pods_and_services_have_the_same_families()
    {
        var share = MachineShare.At(0) with { PodCidr = "10.8.0.0/16,fd00:10:8::/56" };
        Assert.StartsWith(
            "Pods and Services need networks of the same families",
            State().ProblemOf(share, Root, isHollow: true, isRunning: true), StringComparison.Ordinal);
    }

    [Fact]
    public void A_restored_cluster_of_two_families_keeps_both()
    {
        var stored = new StoreNetworks("fd00:10:8::/56,10.8.0.0/16", "10.9.0.0/16,fd00:10:9::/112", "20000-20100");
        var networks = WantedShare.Of(stored);
        Assert.Equal(
            ("10.8.0.0/16,fd00:10:8::/56", "10.9.0.0/16,fd00:10:9::/112"),
            (networks.Pods!.ToString(), networks.Services!.ToString()));
    }

    [Fact]
    public void What_a_cluster_has_already_yields_to_what_the_user_chose()
    {
        var stored = WantedShare.Of(new StoreNetworks("10.8.0.0/16", "10.9.0.0/16", "20000-20100"));
        var wanted = new WantedShare { Services = DualNetwork.Parse("10.50.0.0/20") }.Or(stored);
        Assert.Equal(
            ("10.8.0.0/16", "10.50.0.0/20", "20000-20100"),
            (wanted.Pods!.ToString(), wanted.Services!.ToString(), wanted.NodePorts!.ToString()));
    }

    [Theory]
    [InlineData("network of pods 10.244.0.0/16", "--pod-cidr", "10.244.128.0/24", "10.50.0.0/16", "20000-20100")]
    [InlineData("network of Services 10.96.0.0/16", "--service-cidr", "10.50.0.0/16", "10.96.0.0/12", "20000-20100")]
    [InlineData("range of node ports 30000-32767", "--node-port-range", "10.50.0.0/16", "10.51.0.0/16", "32767-32800")]
    public void What_another_cluster_gives_out_is_told_with_how_to_stop_it(
        string what, string option, string pods, string services, string nodePorts)
    {
        var own = MachineShare.At(1) with { PodCidr = pods, ServiceCidr = services, NodePorts = nodePorts };
        var beside = State(clusters: [(Other, MachineShare.At(0)), (Root, own)]);
        Assert.Equal(
            $"The cluster in {Other} has the {what} on this machine as well: stop it first, with "
                + $"'orc down --data-dir {Other}', or choose another for a new cluster with {option}.",
            beside.ProblemOf(own, Root, isHollow: false, isRunning: false));
        Assert.Null(beside.ProblemOf(own, Root, isHollow: true, isRunning: false));
        Assert.Null(beside.ProblemOf(MachineShare.At(2), Root, isHollow: false, isRunning: false));
    }

    private static MachineState State(
        (string Link, string Owner)[]? owners = null, (string Link, string Address)[]? addresses = null,
        int[]? ports = null, (string Root, MachineShare Share)[]? clusters = null) => new(
            (owners ?? []).ToDictionary(static o => o.Link, static o => o.Owner),
            (addresses ?? []).Select(static a => (a.Link, IPAddress.Parse(a.Address))),
            ports ?? [],
            clusters ?? []);
}
