using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A DaemonSet adopts a revision that holds its own template; its pods stay.</summary>
internal sealed class RevisionCopyPlay : CrashPlay
{
    private IReadOnlyList<string> _pods = [];

    protected override int Acts => 2;

    protected override string Name(string name)
    {
        var owner = World.Api.Find<V1DaemonSet>("default", "agent")!.Metadata;
        return new ChildNames(owner.Name, owner.Uid).TrySequence(name, out _) ? "agent-(next)" : name;
    }

    protected override void SetUp()
    {
        World.AddNode("n1");
        World.AddNode("n2");
        World.AddDaemonSet("agent");
    }

    protected override void Change(int act)
    {
        if (act == 0)
        {
            return;
        }

        _pods = [.. World.ActivePods().Select(p => p.Metadata.Uid)];
        World.Api.Seed(new V1ControllerRevision
        {
            Metadata = new V1ObjectMeta
            {
                Name = "copy",
                NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["app"] = "agent" },
            },
            Data = World.Api.All<V1ControllerRevision>()[0].Data,
            Revision = 3,
        });
    }

    protected override void Step() => World.Step<V1DaemonSet>("agent");

    protected override void StepOthers() => World.RunKubelets();

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check()
    {
        Assert.NotEmpty(World.Api.All<V1ControllerRevision>());
        Assert.All(_pods, uid => Assert.Contains(uid, World.ActivePods().Select(p => p.Metadata.Uid)));
    }
}
