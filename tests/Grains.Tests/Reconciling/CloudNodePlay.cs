using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.Nodes;
using OrleansOrchestrator.Grains.Tests.Cloud;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Nodes get what their cloud knows of them; one is switched off and on again, one gets another address, and one's
/// machine is given back.
/// </summary>
internal sealed class CloudNodePlay : CrashPlay
{
    private static readonly string[] Names = ["kept", "off", "gone"];

    private readonly FakeCloud _cloud = new();
    private CloudNodeController _nodes = null!;
    private CloudNodeLifecycleController _lifecycle = null!;

    protected override int Acts => 3;

    protected override void SetUp()
    {
        foreach (var (name, i) in Names.Select(static (n, i) => (n, i)))
        {
            World.AddNode(name);
            World.Api.Change<V1Node>("", name, static n => n.Spec.Taints =
                [new V1Taint { Key = CloudNodePlanner.UninitializedTaint, Effect = "NoSchedule", Value = "true" }]);
            _cloud.Machines[name] = Machine(i, $"192.0.2.{i}");
        }
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            _cloud.Machines.Remove("gone");
            _cloud.Machines["kept"] = Machine(0, "192.0.2.100");
            _cloud.Off.Add("off");
            SetReady("gone", "Unknown");
            SetReady("off", "Unknown");
        }
        else if (act == 2)
        {
            _cloud.Off.Clear();
            SetReady("off", "True");
        }
    }

    protected override void Step()
    {
        foreach (var node in World.Api.All<V1Node>().Where(CloudNodePlanner.IsUninitialized))
        {
            _nodes.InitializeAsync(node.Metadata.Name, default).GetAwaiter().GetResult();
        }

        _nodes.UpdateAsync(default).GetAwaiter().GetResult();
        _lifecycle.SweepAsync(default).GetAwaiter().GetResult();
    }

    protected override void LoseMemory()
    {
        _nodes = new CloudNodeController(_cloud, World.Services);
        _lifecycle = new CloudNodeLifecycleController(_cloud, World.Services);
    }

    /// <summary>No node goes whose machine is there, and none is open before it is known.</summary>
    protected override void Check()
    {
        var nodes = World.Api.All<V1Node>().ToDictionary(n => n.Metadata.Name, StringComparer.Ordinal);
        Assert.All(_cloud.Machines.Keys, name => Assert.Contains(name, nodes.Keys));
        Assert.All(
            nodes.Values.Where(n => !CloudNodePlanner.IsUninitialized(n)), n => Assert.NotEmpty(n.Spec.ProviderID));
    }

    private void SetReady(string name, string status) =>
        World.Api.Change<V1Node>("", name, n => n.Status.Conditions[0].Status = status, "status");

    private static CloudInstance Machine(int number, string address) => new()
    {
        ProviderId = $"fake://{number}",
        Zone = "z1",
        Addresses = [new V1NodeAddress { Type = "InternalIP", Address = address }],
    };
}
