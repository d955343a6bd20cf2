using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Environments;

public sealed class ResourceReferencesTests
{
    private static readonly Dictionary<string, ResourceQuantity> Allocatable = new()
    {
        ["cpu"] = new("3500m"), ["memory"] = new("1Gi"), ["hugepages-2Mi"] = new("64Mi"),
    };

    private static readonly V1Pod Pod = new()
    {
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "bounded",
                    Resources = Resources(("cpu", "1250m"), ("memory", "64Mi"), ("hugepages-2Mi", "4Mi")),
                },
                new V1Container { Name = "unbounded", Resources = Resources(("cpu", "0")) },
            ],
            InitContainers = [new V1Container { Name = "first", Resources = Resources(("cpu", "2")) }],
        },
    };

    /// <summary>
    /// A limit that is missing or zero is what the node has, but of huge pages, which are never overcommitted.
    /// </summary>
    [Theory]
    [InlineData("bounded", "limits.cpu", null, "2")]
    [InlineData("bounded", "limits.cpu", "1m", "1250")]
    [InlineData("bounded", "limits.memory", "1Mi", "64")]
    [InlineData("bounded", "limits.hugepages-2Mi", "1Mi", "4")]
    [InlineData("first", "limits.cpu", null, "2")]
    [InlineData("unbounded", "limits.cpu", "1m", "3500")]
    [InlineData("unbounded", "limits.memory", null, "1073741824")]
    [InlineData("unbounded", "limits.hugepages-2Mi", null, "0")]
    [InlineData("unbounded", "limits.ephemeral-storage", null, "0")]
    [InlineData("unbounded", "requests.memory", null, "0")]
    [InlineData("nobody", "limits.cpu", null, null)]
    public void An_amount_is_told_as_upstream_does(string name, string resource, string? divisor, string? expected)
    {
        var selector = new V1ResourceFieldSelector
        {
            ContainerName = name, Resource = resource, Divisor = divisor is null ? null : new ResourceQuantity(divisor),
        };
        Assert.Equal(expected, ResourceReferences.Value(Pod, Pod.Spec.Containers[0], selector, Allocatable));
    }

    private static V1ResourceRequirements Resources(params (string Name, string Amount)[] limits) =>
        new() { Limits = limits.ToDictionary(l => l.Name, l => new ResourceQuantity(l.Amount)) };
}
