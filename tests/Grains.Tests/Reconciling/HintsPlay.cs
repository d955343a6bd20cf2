using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A Service asks for hints by zone; pods and nodes come and go, and in the end it asks no longer.</summary>
internal sealed class HintsPlay : CrashPlay
{
    private static readonly Dictionary<string, string> Web = new() { ["app"] = "web" };

    protected override int Acts => 4;

    protected override void SetUp()
    {
        AddNode("n1", "z1");
        AddNode("n2", "z2");
        World.Api.Seed(new V1Service
        {
            Metadata = new V1ObjectMeta
            {
                Name = "web",
                NamespaceProperty = "default",
                Annotations = new Dictionary<string, string> { ["service.kubernetes.io/topology-mode"] = "Auto" },
            },
            Spec = new V1ServiceSpec
            {
                ClusterIP = "10.96.0.10",
                IpFamilies = ["IPv4"],
                Selector = new Dictionary<string, string>(Web),
                Ports = [new V1ServicePort { Port = 80, TargetPort = 8080, Protocol = "TCP" }],
            },
        });
        for (var i = 0; i < 120; i++)
        {
            World.AddPod($"p{i:000}", i % 3 == 0 ? "n2" : "n1", new Dictionary<string, string>(Web), $"10.0.0.{i}");
        }
    }

    protected override void Change(int act)
    {
        switch (act)
        {
            case 1:
                AddNode("n3", "z2");
                break;
            case 2:
                for (var i = 0; i < 120; i += 2)
                {
                    World.Api.Delete<V1Pod>("default", $"p{i:000}", grace: 0);
                }

                break;
            case 3:
                World.Api.Change<V1Service>("default", "web", s => s.Metadata.Annotations = null);
                break;
        }
    }

    protected override void Step() => World.Step<V1Service>("web");

    protected override void LoseMemory() => World.LoseActivations();

    /// <summary>Within a slice either all have hints or none has.</summary>
    protected override void Check() => Assert.All(World.Api.All<V1EndpointSlice>(), s => Assert.Single(
        (s.Endpoints ?? []).Select(e => e.Hints is null).Distinct()));

    private void AddNode(string name, string zone)
    {
        World.AddNode(name, zone);
        World.Api.Change<V1Node>("", name, static n => n.Status.Allocatable =
            new Dictionary<string, ResourceQuantity> { ["cpu"] = new("4") }, "status");
    }
}
