using System.Net;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Nodes get their ranges; one goes, another comes, and no two ever have the same.</summary>
internal sealed class NodeFurnishingPlay : CrashPlay
{
    private NodeFurnishingController _controller = null!;

    protected override int Acts => 3;

    protected override void SetUp()
    {
        World.Services.Options.PodNetworks = [PodNetwork.Of(IPNetwork.Parse("10.244.0.0/23"))];
        World.AddNode("n1");
        World.AddNode("n2");
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            World.AddNode("n3");
        }
        else if (act == 2)
        {
            World.Api.Delete<V1Node>("", "n1");
        }
    }

    protected override void Step() => _controller.ResyncAsync(default).GetAwaiter().GetResult();

    protected override void LoseMemory() => _controller = new NodeFurnishingController(World.Services);

    protected override void Check() => Assert.All(
        World.Api.All<V1Node>().Where(static n => n.Spec?.PodCIDR is not null).CountBy(static n => n.Spec.PodCIDR),
        static r => Assert.Equal(1, r.Value));

    /// <summary>Which of two nodes that come at once gets which range is chance.</summary>
    protected override string Name(string name) =>
        name.StartsWith("10.244.", StringComparison.Ordinal) ? "(range)" : name;
}
