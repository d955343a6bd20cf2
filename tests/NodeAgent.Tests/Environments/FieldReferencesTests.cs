using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Environments;

public sealed class FieldReferencesTests
{
    private static readonly PodAddresses Addresses = new(["192.0.2.1", "2001:db8::1"], ["10.0.0.7"]);

    private static readonly V1Pod Pod = new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "p",
            NamespaceProperty = "shop",
            Labels = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" },
            Annotations = new Dictionary<string, string> { ["note"] = "\a \"é\"\n\u200b" },
        },
        Spec = new V1PodSpec { NodeName = "n", Containers = [] },
    };

    [Theory]
    [InlineData("metadata.name", "p")]
    [InlineData("metadata.namespace", "shop")]
    [InlineData("spec.nodeName", "n")]
    [InlineData("status.hostIP", "192.0.2.1")]
    [InlineData("status.hostIPs", "192.0.2.1,2001:db8::1")]
    [InlineData("status.podIPs", "10.0.0.7")]
    [InlineData("metadata.labels", "a=\"1\"\nb=\"2\"")]
    [InlineData("metadata.labels['b']", "2")]
    [InlineData("metadata.labels['none']", "")]
    [InlineData("metadata.annotations", "note=\"\\a \\\"é\\\"\\n\\u200b\"")]
    [InlineData("spec.hostname", null)]
    public void A_field_is_told_as_upstream_does(string path, string? expected) =>
        Assert.Equal(expected, FieldReferences.Value(Pod, path, Addresses));
}
