using k8s.Models;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Apps.ReplicaSets;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// A cluster in which every wake-up is dropped: nothing follows anything, and once a minute the reminder of each
/// controller fires. The world still comes to where it must be.
/// </summary>
public sealed class RemindersOnlyTests
{
    private readonly World _world = new();
    private readonly List<IController> _controllers;
    private readonly GarbageCollector _collector;
    private readonly HashSet<string> _alive = ["n1", "n2", "n3"];

    public RemindersOnlyTests()
    {
        _world.Services.Options.DropWakeUps = true;
        _collector = new GarbageCollector(_world.Services);
        _controllers =
        [
            Waker(WellKnown.Deployments, DeploymentWakes.Registration.Follows()),
            Waker(WellKnown.ReplicaSets, ReplicaSetWakes.Registration.Follows()),
            Waker(WellKnown.Services, ServiceWakes.Registration.Follows()),
            new NodeLifecycleController(_world.Services),
            new NodeFurnishingController(_world.Services),
            new TaintEvictionController(_world.Services),
            new PodCollectionController(_world.Services),
            _collector,
        ];
        foreach (var node in _alive)
        {
            _world.AddNode(node);
        }
    }

    [Fact]
    public async Task A_deployment_reaches_its_replicas_and_rolls_out()
    {
        _world.AddDeployment("web", 5);
        await PassAsync(minutes: 3);
        Assert.Equal(5, Serving("demo:1"));
        _world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        await PassAsync(minutes: 10);
        Assert.Equal((0, 5), (Serving("demo:1"), Serving("demo:2")));
        var progressing =
            _world.Api.Find<V1Deployment>("default", "web")!.Status.Conditions.Single(c => c.Type == "Progressing");
        Assert.Equal("NewReplicaSetAvailable", progressing.Reason);

        _world.Api.Delete<V1Deployment>("default", "web", "Background");
        await PassAsync(minutes: 3);
        Assert.Empty(_world.Api.All<V1ReplicaSet>());
        Assert.Empty(_world.Api.All<V1Pod>());
    }

    [Fact]
    public async Task The_pods_of_an_expired_node_move()
    {
        _world.AddDeployment("web", 6);
        await PassAsync(minutes: 3);
        Assert.Contains(_world.ActivePods(), p => p.Spec.NodeName == "n1");
        _alive.Remove("n1");
        await PassAsync(minutes: 6);
        Assert.Equal(6, _world.ActivePods().Count);
        Assert.All(_world.ActivePods(), p => Assert.NotEqual("n1", p.Spec.NodeName));
    }

    private int Serving(string image) =>
        _world.ActivePods().Count(p => p.Spec.Containers[0].Image == image && p.Status.Phase == "Running");

    private WakeController Waker(ResourceName target, IReadOnlyList<Followed> followed) => new(
        target, null, followed, _world.Api, address => Reconcile(address), _world.Services.Options, _world.Time);

    /// <summary>As the object's grain does: on and on while a step asks for the next at once.</summary>
    private void Reconcile(ObjectAddress address)
    {
        for (var step = 0; step < 50; step++)
        {
            var result = address.Resource == WellKnown.Deployments ? _world.Step<V1Deployment>(address.Key.Name)
                : address.Resource == WellKnown.ReplicaSets ? _world.Step<V1ReplicaSet>(address.Key.Name)
                : _world.Step<V1Service>(address.Key.Name);
            if (result.After != TimeSpan.Zero)
            {
                return;
            }
        }
    }

    private async Task PassAsync(int minutes)
    {
        for (var minute = 0; minute < minutes; minute++)
        {
            _world.Time.Advance(TimeSpan.FromMinutes(1));
            _world.Renew([.. _alive]);
            foreach (var controller in _controllers)
            {
                await controller.ResyncAsync(default);
            }

            await _collector.DrainAsync(default);
            RunNodes();
        }
    }

    /// <summary>
    /// Schedules what has no node, starts what is bound, and ends what is terminating, on living nodes.
    /// </summary>
    private void RunNodes()
    {
        var next = 0;
        var nodes = _alive.Order(StringComparer.Ordinal).ToList();
        foreach (var pod in _world.Api.All<V1Pod>())
        {
            var name = pod.Metadata.Name;
            if (string.IsNullOrEmpty(pod.Spec.NodeName))
            {
                _world.Api.Change<V1Pod>("default", name, p => p.Spec.NodeName = nodes[next++ % nodes.Count]);
                _world.SetReady(name, true);
            }
            else if (pod.Metadata.DeletionTimestamp is not null && _alive.Contains(pod.Spec.NodeName))
            {
                _world.EndPod(name);
            }
        }
    }
}
