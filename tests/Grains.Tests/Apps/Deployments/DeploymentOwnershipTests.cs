using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.Deployments;

/// <summary>Which ReplicaSets that it no longer selects a Deployment lets go.</summary>
public sealed class DeploymentOwnershipTests
{
    private readonly World _world = new();
    private readonly string _set;

    public DeploymentOwnershipTests()
    {
        _world.AddDeployment("web", 1);
        _world.Settle();
        _set = _world.Api.All<V1ReplicaSet>().Single().Metadata.Name;
    }

    [Fact]
    public void None_while_it_is_being_deleted()
    {
        _world.Api.Delete<V1Deployment>("default", "web", "Foreground");
        Relabel();
        Assert.Single(_world.Api.Find<V1ReplicaSet>("default", _set)!.Metadata.OwnerReferences);
    }

    [Fact]
    public void Also_one_that_is_being_deleted()
    {
        _world.Api.Delete<V1ReplicaSet>("default", _set, "Foreground");
        Relabel();
        Assert.Null(_world.Api.Find<V1ReplicaSet>("default", _set)!.Metadata.OwnerReferences);
    }

    private void Relabel()
    {
        _world.Api.Change<V1ReplicaSet>("default", _set, s => s.Metadata.Labels["app"] = "other");
        _world.Step<V1Deployment>("web");
    }
}
