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
