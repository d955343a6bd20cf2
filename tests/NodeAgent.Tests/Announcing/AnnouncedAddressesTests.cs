using System.Net;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Announcing;
using OrleansOrchestrator.NodeAgent.Network;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Announcing;

public sealed class AnnouncedAddressesTests
{
    [Fact]
    public void One_node_announces_an_address_and_only_those_of_a_node_that_goes_move() => Gen.Select(
        Gen.Int[1, 8], Gen.Int[1, 40], Gen.Int[0, 7]).Check((nodeCount, serviceCount, lost) =>
    {
        var nodes = Enumerable.Range(0, nodeCount).Select(i => Node($"n{i}")).ToList();
        var services = Enumerable.Range(0, serviceCount).Select(i => Service($"192.0.2.{i}")).ToList();
        var before = Leaders(services, nodes);
        Assert.Equal(serviceCount, before.Count);
        var left = nodes.Where(n => n.Metadata.Name != $"n{lost}").ToList();
        var after = Leaders(services, left);
        Assert.Equal(left.Count == 0 ? 0 : serviceCount, after.Count);
        Assert.All(after, a => Assert.True(before[a.Key] == a.Value || before[a.Key] == $"n{lost}"));
    }, cases: 500);

    [Theory]
    [InlineData("True", "eth0", null, true)]
    [InlineData("Unknown", "eth0", null, false)]
    [InlineData("True", "", null, false)]
    [InlineData("True", "eth0", "", false)]
    [InlineData("True", "eth0", "true", false)]
    [InlineData("True", "eth0", "False", true)]
    public void A_node_announces_when_it_can_and_may(string ready, string link, string? excluded, bool announces)
    {
        var node = Node("n1", ready, link);
        node.Metadata.Labels = excluded is not null
            ? new Dictionary<string, string> { ["node.kubernetes.io/exclude-from-external-load-balancers"] = excluded }
            : null;
        Assert.Equal(announces, AnnouncedAddresses.Of("n1", [Service("192.0.2.1")], [node]).Count == 1);
    }

    [Fact]
    public void With_the_policy_local_it_is_a_node_with_an_endpoint()
    {
        List<V1Node> nodes = [Node("n1"), Node("n2"), Node("n3")];
        for (var i = 0; i < 20; i++)
        {
            var view = Service($"192.0.2.{i}", Endpoint("n2", ready: true), Endpoint("n1", ready: false));
            view.Service.Spec.ExternalTrafficPolicy = "Local";
            Assert.Equal("n2", Assert.Single(Leaders([view], nodes)).Value);
            Assert.Empty(Leaders([view with { Slices = [] }], nodes));
        }
    }

    [Fact]
    public void Addresses_that_are_others_are_left_to_them()
    {
        var classed = Service("192.0.2.1");
        classed.Service.Spec.LoadBalancerClass = "example.com/other";
        var proxied = Service("192.0.2.2");
        proxied.Service.Status.LoadBalancer.Ingress[0].IpMode = "Proxy";
        var other = Service("192.0.2.3");
        other.Service.Spec.Type = "ClusterIP";
        Assert.Empty(Leaders([classed, proxied, other], [Node("n1")]));
    }

    private static Dictionary<IPAddress, string> Leaders(IReadOnlyList<ServiceView> services, List<V1Node> nodes) =>
        nodes
        .SelectMany(n => AnnouncedAddresses.Of(n.Metadata.Name, services, nodes).Select(a => (a, n.Metadata.Name)))
        .ToDictionary(p => p.a, p => p.Name);

    private static V1Endpoint Endpoint(string node, bool ready) => new()
    {
        Addresses = ["10.0.0.1"], NodeName = node, Conditions = new V1EndpointConditions { Ready = ready,
            Serving = ready },
    };

    private static ServiceView Service(string address, params V1Endpoint[] endpoints) => new(
        new V1Service
        {
            Spec = new V1ServiceSpec { Type = "LoadBalancer" },
            Status = new V1ServiceStatus
            {
                LoadBalancer = new V1LoadBalancerStatus
                {
                    Ingress = [new V1LoadBalancerIngress { Ip = address, IpMode = "VIP" }],
                },
            },
        },
        [new V1EndpointSlice { AddressType = "IPv4", Endpoints = endpoints }]);

    private static V1Node Node(string name, string ready = "True", string link = "eth0") => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            Annotations = new Dictionary<string, string> { [AnnouncedAddresses.Annotation] = link },
        },
        Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = ready }] },
    };
}
