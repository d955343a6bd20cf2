using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

public sealed class PodTopologyLabelsPluginTests
{
    private const string Zone = "topology.kubernetes.io/zone";

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, "mine", "mine")]
    [InlineData("z1", null, "z1")]
    [InlineData("z1", "mine", "z1")]
    public void The_zone_of_the_node_is_that_of_the_pod(string? ofNode, string? ofPod, string? expected)
    {
        var pod = new V1ObjectMeta { Labels = ofPod is null ? null : new Dictionary<string, string> { [Zone] = ofPod } };
        var node = new Dictionary<string, string> { ["kubernetes.io/hostname"] = "n1" };
        if (ofNode is not null)
        {
            node[Zone] = ofNode;
        }

        PodTopologyLabelsPlugin.Copy(node, pod);
        Assert.Equal(expected, pod.Labels?[Zone]);
        Assert.Equal(expected is null ? 0 : 1, pod.Labels?.Count ?? 0);
    }
}
