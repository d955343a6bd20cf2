using k8s.Models;
using OrleansOrchestrator.NodeAgent.Proxy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

public sealed class ProxyPortsTests
{
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

    [Fact]
    public void Unknown_conditions_mean_ready() =>
        Assert.Equal(["10.244.0.1"], Addresses(Service(), Slice(new V1Endpoint { Addresses = ["10.244.0.1"] })));

    [Fact]
    public void An_endpoint_of_two_slices_counts_once() =>
        Assert.Equal(
            ["10.244.0.1"], Addresses(Service(), Slice(Endpoint("10.244.0.1", ready: true)), Slice(Endpoint("10.244.0.1", ready: true))));

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
        ProxyPorts.Of(service, slices, new ProxyNode("n1", "z1"))[0].Endpoints.Select(e => e.Address.ToString());

    private static IReadOnlyList<ProxyPort> Of(V1Service service) => ProxyPorts.Of(service, [], new ProxyNode("n1", "z1"));

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
}
