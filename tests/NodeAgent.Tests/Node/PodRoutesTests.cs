using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

public sealed class PodRoutesTests
{
    [Fact]
    public void Other_nodes_pods_are_reached_by_way_of_those_nodes()
    {
        var routes = PodRoutes.Compute(
            [
                Node("self", "10.244.0.0/24", "192.0.2.1"),
                Node("b", "10.244.1.0/24", "192.0.2.2"),
                Node("twin", "10.244.0.0/24", "192.0.2.3"), // has our network: a route would take our own pods away
                Node("bare", null, "192.0.2.4"),
                Node("strange", "no network", "192.0.2.5"),
                Node("nowhere", "10.244.6.0/24", null),
                Node("other-family", "10.244.7.0/24", "2001:db8::1"),
                Node("copy", "10.244.1.0/24", "192.0.2.8"),
            ],
            "self");

        Assert.Equal([KeyValuePair.Create("10.244.1.0/24", "192.0.2.2")], routes);
    }

    [Fact]
    public void Each_family_goes_by_way_of_the_address_of_its_own()
    {
        var self = Node("self", "10.244.0.0/24", "192.0.2.1");
        self.Spec.PodCIDRs = ["10.244.0.0/24", "fd00:10:244::/64"];
        var other = Node("b", "10.244.1.0/24", "192.0.2.2");
        other.Spec.PodCIDRs = ["10.244.1.0/24", "FD00:10:244:1::/64"];
        other.Status.Addresses.Add(new V1NodeAddress { Type = "InternalIP", Address = "2001:db8::2" });
        var twin = Node("twin", "10.244.2.0/24", "192.0.2.3");
        twin.Spec.PodCIDRs = ["10.244.2.0/24", "fd00:10:244::/64"];
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["10.244.1.0/24"] = "192.0.2.2",
                ["fd00:10:244:1::/64"] = "2001:db8::2",
                ["10.244.2.0/24"] = "192.0.2.3",
            },
            PodRoutes.Compute([self, other, twin], "self"));
    }

    private static V1Node Node(string name, string? podCidr, string? address) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1NodeSpec { PodCIDR = podCidr },
        Status = new V1NodeStatus
        {
            Addresses = address is null
                ? [] : [new V1NodeAddress { Type = "Hostname", Address = name },
                    new V1NodeAddress { Type = "InternalIP", Address = address }],
        },
    };
}
