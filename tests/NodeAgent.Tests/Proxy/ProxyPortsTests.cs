using System.Net;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Proxy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

public sealed class ProxyPortsTests
{
    private static readonly ProxyNode Here = new(
        "n1", "z1", [IPAddress.Parse("192.0.2.1")],
        [IPNetwork.Parse("10.244.0.0/24"), IPNetwork.Parse("fd00:10:244::/64")]);

    [Fact]
    public void Ready_endpoints_are_chosen_and_without_any_those_that_end_but_serve()
    {
        var ready = Endpoint("10.244.0.1", ready: true);
        var ending = Endpoint("10.244.0.2", ready: false, serving: true, terminating: true);
        var gone = Endpoint("10.244.0.3", ready: false, serving: false, terminating: true);
        Assert.Equal(["10.244.0.1"], Addresses(Service(), Slice(ready, ending, gone)));
        Assert.Equal(["10.244.0.2"], Addresses(Service(), Slice(ending, gone)));
        Assert.Empty(Addresses(Service(), Slice(gone)));
    }

    /// <summary>
    /// Whether a pod may reach itself through a Service is told by its address, not by what a slice says of its node.
    /// </summary>
    [Theory]
    [InlineData("10.244.0.1", "n1", true)]
    [InlineData("10.244.0.1", "n2", true)]
    [InlineData("10.244.0.1", null, true)]
    [InlineData("192.0.2.77", "n1", true)]
    [InlineData("10.244.1.1", "n2", false)]
    [InlineData("10.244.1.1", null, false)]
    public void What_may_be_a_pod_of_this_node_gets_a_hairpin(string address, string? node, bool expected)
    {
        var endpoint = Endpoint(address, ready: true);
        endpoint.NodeName = node;
        var port = Assert.Single(ProxyPorts.Of(Service(), [Slice(endpoint)], Here, IpFamily.Four));
        Assert.Equal(expected ? [address] : [], port.Hairpins.Select(a => a.ToString()));
        var rules = new Ruleset();
        PortRules.AddTo(rules, port, "10.244.0.0/16");
        Assert.Equal(expected, rules.Elements.ContainsKey(("hairpins", $"{address} . {address}")));
    }

    [Fact]
    public void Unknown_conditions_mean_ready() =>
        Assert.Equal(["10.244.0.1"], Addresses(Service(), Slice(new V1Endpoint { Addresses = ["10.244.0.1"] })));

    [Fact]
    public void An_endpoint_of_two_slices_counts_once() =>
        Assert.Equal(
            ["10.244.0.1"], Addresses(Service(), Slice(Endpoint("10.244.0.1", ready: true)), Slice(Endpoint("10.244.0.1", ready: true))));

    [Fact]
    public void What_ends_serves_unless_it_says_otherwise() =>
        Assert.Equal(
            ["10.244.0.1"], Addresses(Service(), Slice(Endpoint("10.244.0.1", ready: false, terminating: true))));

    [Fact]
    public void Only_the_first_address_of_an_endpoint_counts() =>
        Assert.Equal(
            ["10.244.0.1"], Addresses(Service(), Slice(new V1Endpoint { Addresses = ["10.244.0.1", "10.244.0.2"] })));

    [Fact]
    public void The_last_local_endpoint_that_ends_serves_the_local_policy_while_others_elsewhere_are_ready()
    {
        var ending = At("n1", Endpoint("10.244.0.1", ready: false, serving: true, terminating: true));
        var elsewhere = At("n2", Endpoint("10.244.1.1", ready: true));
        var port = ProxyPorts.Of(Service(), [Slice(ending, elsewhere)], Here, IpFamily.Four)[0];
        Assert.Equal(["10.244.1.1"], port.Endpoints.Select(e => e.Address.ToString()));
        Assert.Equal(["10.244.0.1"], port.LocalEndpoints.Select(e => e.Address.ToString()));
        Assert.Equal(["10.244.0.1", "10.244.1.1"], port.Serving.Select(e => e.Address.ToString()).Order());

        port = ProxyPorts.Of(
            Service(), [Slice(ending, elsewhere, At("n1", Endpoint("10.244.0.2", ready: true)))], Here,
            IpFamily.Four)[0];
        Assert.Equal(["10.244.0.2"], port.LocalEndpoints.Select(e => e.Address.ToString()));
    }

    [Theory]
    [InlineData("a:z1 b:z2", "a")]
    [InlineData("a:z1,z2 b:z2", "a")]
    [InlineData("a:z1 b:", "a b")]
    [InlineData("a:z2 b:z2", "a b")]
    [InlineData("a:/n1 b:/n2", "a")]
    [InlineData("a:z1/n2 b:z2/n1", "b")]
    [InlineData("a:z1/n2 b:z2/n3", "a")]
    [InlineData("a:z1/n1 b:z2/", "a")]
    [InlineData("a:z2/n1 b:z1/", "b")]
    [InlineData("a:z1 !b:z2", "a")]
    [InlineData("a:z2 !b:z1", "a")]
    public void Hints_choose_what_is_near_if_all_have_them_and_some_are_meant_for_here(
        string endpoints, string expected)
    {
        var slice = Slice([.. endpoints.Split(' ').Select(Hinted)]);
        Assert.Equal(expected.Split(' ').Select(n => $"10.244.0.{n[0] - 'a' + 1}"), Addresses(Service(), slice));
    }

    [Fact]
    public void Source_ranges_are_told_once_and_let_the_node_itself_in_with_its_neighbours()
    {
        string[] Ranges(params string[] ranges)
        {
            var port = Of(Service(s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Spec.LoadBalancerSourceRanges = ranges;
                s.Status = new V1ServiceStatus
                {
                    LoadBalancer =
                        new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "198.51.100.1" }] },
                };
            }))[0];
            return [.. port.SourceRanges.Select(r => r.ToString())];
        }

        Assert.Equal(["10.0.0.0/8"],
            Ranges(" 10.1.2.3/8 ", "10.2.0.0/16", "10.0.0.0/8", "fd00::/8", "10.0.0.0", "x/8", "10.0.0.0/33"));
        Assert.Equal(["192.0.2.0/24", "198.51.100.1/32"], Ranges("192.0.2.0/24"));
        Assert.Equal(["0.0.0.0/0"], Ranges("0.0.0.0/0", "192.0.2.0/24"));
    }

    [Fact]
    public void A_health_check_counts_the_ready_pods_of_the_node()
    {
        var slice = Slice(
            At("n1", Endpoint("10.244.0.1", ready: true)), At("n1", Endpoint("10.244.0.2", ready: false)),
                At("n2", Endpoint("10.244.1.1", ready: true)));
        Assert.Equal(1, ProxyPorts.LocalReady([slice, slice], "n1"));
        Assert.Equal(0, ProxyPorts.LocalReady([], "n1"));
    }

    [Fact]
    public void Slices_of_other_families_and_ports_are_passed_over()
    {
        var other = Slice(Endpoint("10.244.0.1", ready: true));
        other.Ports[0].Name = "else";
        var six = Slice(Endpoint("fd00::1", ready: true));
        six.AddressType = "IPv6";
        Assert.Empty(Addresses(Service(), other, six));
    }

    [Fact]
    public void Each_family_has_its_own_addresses_and_endpoints_and_the_node_ports_of_both()
    {
        var service = Service(s =>
        {
            (s.Spec.Type, s.Spec.Ports[0].NodePort) = ("LoadBalancer", 30001);
            s.Spec.ClusterIPs = ["10.96.0.9", "fd00:10:96::9"];
            s.Spec.ExternalIPs = ["198.51.100.1", "2001:db8::1"];
            s.Spec.LoadBalancerSourceRanges = ["192.0.2.0/24", "2001:db8:1::5/48"];
            s.Status = new V1ServiceStatus
            {
                LoadBalancer = new V1LoadBalancerStatus
                {
                    Ingress = [new V1LoadBalancerIngress { Ip = "2001:db8::7" }],
                },
            };
        });
        var six = Slice(At("n1", Endpoint("fd00:10:244::5", ready: true)));
        six.AddressType = "IPv6";
        V1EndpointSlice[] slices = [six, Slice(Endpoint("10.244.7.1", ready: true))];
        var port = Assert.Single(ProxyPorts.Of(service, slices, Here, IpFamily.Six));
        Assert.Equal(
            ("fd00:10:96::9", "2001:db8::1 2001:db8::7", "2001:db8::7", "2001:db8:1::/48", 30001),
            (Text(port.ClusterAddresses), Text(port.ExternalAddresses), Text(port.LoadBalancerAddresses),
                string.Join(' ', port.SourceRanges), port.NodePort));
        Assert.Equal("fd00:10:244::5", Text(port.Endpoints.Select(e => e.Address)));
        Assert.Equal("fd00:10:244::5", Text(port.Hairpins));
        port = Assert.Single(ProxyPorts.Of(service, slices, Here, IpFamily.Four));
        Assert.Equal(
            ("10.96.0.9", "198.51.100.1", "192.0.2.0/24", "10.244.7.1", ""),
            (Text(port.ClusterAddresses), Text(port.ExternalAddresses), string.Join(' ', port.SourceRanges),
                Text(port.Endpoints.Select(e => e.Address)), Text(port.Hairpins)));
        service.Spec.ClusterIPs = ["10.96.0.9"];
        Assert.Empty(ProxyPorts.Of(service, slices, Here, IpFamily.Six));

        static string Text(IEnumerable<IPAddress> addresses) => string.Join(' ', addresses);
    }

    [Fact]
    public void A_health_check_counts_pods_and_not_their_addresses()
    {
        var six = Slice(
            At("n1", Endpoint("fd00:10:244::5", ready: true)), At("n1", Endpoint("fd00:10:244::6", ready: true)));
        six.AddressType = "IPv6";
        Assert.Equal(2, ProxyPorts.LocalReady([six, Slice(At("n1", Endpoint("10.244.0.5", ready: true)))], "n1"));
    }

    [Fact]
    public void Services_that_are_not_ours_have_no_ports()
    {
        Assert.Empty(Of(Service(s => s.Spec.ClusterIP = "None")));
        Assert.Empty(Of(Service(s => s.Spec.Type = "ExternalName")));
        Assert.Empty(Of(Service(s => s.Metadata.Labels = new Dictionary<string, string> { ["service.kubernetes.io/service-proxy-name"] = "x" })));
        Assert.Empty(Of(Service(s => s.Metadata.Labels = new Dictionary<string, string> { ["service.kubernetes.io/headless"] = "" })));
    }

    [Fact]
    public void Load_balancer_addresses_count_unless_they_are_proxies_of_their_own()
    {
        var service = Service(s =>
        {
            s.Spec.Type = "LoadBalancer";
            s.Spec.Ports[0].NodePort = 30001;
            s.Status = new V1ServiceStatus
            {
                LoadBalancer = new V1LoadBalancerStatus
                {
                    Ingress =
                    [
                        new V1LoadBalancerIngress { Ip = "198.51.100.1", IpMode = "VIP" },
                        new V1LoadBalancerIngress { Ip = "198.51.100.2", IpMode = "Proxy" },
                        new V1LoadBalancerIngress { Hostname = "lb.example" },
                    ],
                },
            };
        });
        var port = Assert.Single(Of(service));
        Assert.Equal(["198.51.100.1"], port.ExternalAddresses.Select(a => a.ToString()));
        Assert.Equal(30001, port.NodePort);
    }

    [Fact]
    public void Affinity_lasts_three_hours_unless_it_is_told()
    {
        Assert.Equal(10_800, Of(Service(s => s.Spec.SessionAffinity = "ClientIP"))[0].AffinitySeconds);
        Assert.Equal(5, Of(Service(s =>
        {
            s.Spec.SessionAffinity = "ClientIP";
            s.Spec.SessionAffinityConfig = new V1SessionAffinityConfig { ClientIP = new V1ClientIPConfig { TimeoutSeconds = 5 } };
        }))[0].AffinitySeconds);
        Assert.Equal(0, Of(Service())[0].AffinitySeconds);
    }

    private static IEnumerable<string> Addresses(V1Service service, params V1EndpointSlice[] slices) =>
        ProxyPorts.Of(service, slices, Here, IpFamily.Four)[0].Endpoints.Select(e => e.Address.ToString());

    private static IReadOnlyList<ProxyPort> Of(V1Service service) => ProxyPorts.Of(service, [], Here, IpFamily.Four);

    private static V1Service Service(Action<V1Service>? change = null)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1ServiceSpec { ClusterIP = "10.96.0.9", Type = "ClusterIP", Ports = [new V1ServicePort { Port = 80 }] },
        };
        change?.Invoke(service);
        return service;
    }

    private static V1EndpointSlice Slice(params V1Endpoint[] endpoints) => new()
    {
        AddressType = "IPv4", Endpoints = [.. endpoints], Ports = [new Discoveryv1EndpointPort { Name = "", Port = 8080, Protocol = "TCP" }],
    };

    private static V1Endpoint Endpoint(string address, bool ready, bool? serving = null, bool? terminating = null) => new()
    {
        Addresses = [address],
        Conditions = new V1EndpointConditions { Ready = ready, Serving = serving, Terminating = terminating },
    };

    private static V1Endpoint At(string node, V1Endpoint endpoint)
    {
        endpoint.NodeName = node;
        return endpoint;
    }

    // "a:z1,z2/n1" is an endpoint with hints for two zones and a node; "!" stands before one that is not ready.
    private static V1Endpoint Hinted(string text)
    {
        var isReady = text[0] != '!';
        var parts = text.TrimStart('!')[2..].Split('/');
        var endpoint = Endpoint($"10.244.0.{text.TrimStart('!')[0] - 'a' + 1}", isReady);
        endpoint.Hints = new V1EndpointHints
        {
            ForZones =
                [.. parts[0].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(z => new V1ForZone { Name = z })],
            ForNodes = [.. parts.Skip(1).Where(n => n.Length > 0).Select(n => new V1ForNode { Name = n })],
        };
        return endpoint;
    }
}
