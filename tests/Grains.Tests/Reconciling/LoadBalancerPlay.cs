using k8s.Models;
using OrleansOrchestrator.Grains.Cloud.LoadBalancers;
using OrleansOrchestrator.Grains.Tests.Cloud;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Services get load balancers; one loses its to another type, one is deleted.</summary>
internal sealed class LoadBalancerPlay : CrashPlay
{
    private readonly FakeCloud _cloud = new();
    private ServiceBalancer _balancer = null!;

    protected override int Acts => 3;

    protected override void SetUp()
    {
        World.AddNode("n1");
        foreach (var name in new[] { "changed", "deleted", "kept" })
        {
            World.Api.Seed(new V1Service
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
                Spec = new V1ServiceSpec { Type = "LoadBalancer", ClusterIP = "10.96.0.10" },
            });
        }
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            World.Api.Change<V1Service>("default", "changed", s => s.Spec.Type = "ClusterIP");
            World.Api.Delete<V1Service>("default", "deleted");
        }
        else if (act == 2)
        {
            World.AddNode("n2");
        }
    }

    protected override void Step()
    {
        foreach (var key in World.Api.All<V1Service>().Select(s => s.Key()).Union(_balancer.Known).ToList())
        {
            _balancer.StepAsync(key, default).GetAwaiter().GetResult();
        }
    }

    protected override void LoseMemory() =>
        _balancer = new ServiceBalancer(_cloud, World.Api, World.Events.For("service-controller"));

    /// <summary>Whatever is in the cloud has a Service that is kept until it is gone.</summary>
    protected override void Check() => Assert.All(_cloud.Balancers, b => Assert.Contains(
        LoadBalancerPlanner.Finalizer,
        World.Api.All<V1Service>().Single(s => s.Metadata.Uid == b.Key).Metadata.Finalizers));
}
