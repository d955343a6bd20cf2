using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class ChildBodyTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("agent-x7k2p")]
    public void Children_differ_in_their_name(string name)
    {
        var body = new ChildBody<V1Pod>(Pod("x"));
        Assert.Equal(("ns", name), (body.Request("ns", name).Namespace, body.Request("ns", name).Name));
        Assert.Equal((name, "x"), Read(body.Request("ns", name)));
    }

    [Theory]
    [InlineData("n")]
    [InlineData("node-0001.example.com")]
    public void Children_differ_in_one_more_text(string node)
    {
        var body = new ChildBody<V1Pod>(Pod("any"), "any");
        Assert.Equal(("first", node), Read(body.Request("ns", "first", node)));
        Assert.Equal(("second", "m"), Read(body.Request("ns", "second", "m")));
    }

    [Fact]
    public void What_does_not_stand_in_the_template_cannot_differ() =>
        Assert.Throws<InvariantViolationException>(() => new ChildBody<V1Pod>(Pod("any"), "other"));

    /// <summary>What a template says stays, whatever it is.</summary>
    private static V1Pod Pod(string argument) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Annotations = new Dictionary<string, string> { ["a"] = "\"name\":\"name-of-the-child-goes-here\" [\"any\"]" },
        },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "any", Args = [argument] }] },
    };

    private static (string Name, string Argument) Read(CreateRequest request)
    {
        var pod = JsonNode.Parse(request.Json.Span)!;
        Assert.Equal(
            "\"name\":\"name-of-the-child-goes-here\" [\"any\"]",
            pod["metadata"]!["annotations"]!["a"]!.GetValue<string>());
        return (pod["metadata"]!["name"]!.GetValue<string>(),
            pod["spec"]!["containers"]![0]!["args"]![0]!.GetValue<string>());
    }
}
