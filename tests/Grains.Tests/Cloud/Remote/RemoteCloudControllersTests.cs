using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.LoadBalancers;
using OrleansOrchestrator.Grains.Cloud.Nodes;
using OrleansOrchestrator.Grains.Cloud.Routes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Tests.Cloud.Remote;

/// <summary>What the controllers make of a cloud behind gRPC that fails, throttles, hangs and lies.</summary>
public sealed class RemoteCloudControllersTests
{
    private readonly World _world = new();

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_is_told_what_the_cloud_refuses_and_gets_its_address_later()
    {
        await using var host = await ReadyAsync();
        _world.AddNode("n1");
        _world.Api.Seed(new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1ServiceSpec { Type = "LoadBalancer", ClusterIP = "10.96.0.10" },
        });
        var key = new ObjectKey("default", "web");
        var balancer = new ServiceBalancer(
            host.Cloud.LoadBalancers!, _world.Api, _world.Events.For(ServiceLoadBalancerController.Name));
        host.Mood = static (_, _) => throw RemoteCloudHost.Refusal(
            StatusCode.ResourceExhausted, "quota exceeded", TimeSpan.FromSeconds(9));
        var error = await Assert.ThrowsAsync<CloudException>(() => balancer.StepAsync(key, Limit));
        Assert.Equal(TimeSpan.FromSeconds(9), error.RetryAfter);

        // It did it, and nobody heard of it: it is asked for the same again.
        host.Mood = static (_, _) => Task.CompletedTask;
        await host.Cloud.LoadBalancers!.EnsureAsync(Service, [], Limit);
        await balancer.StepAsync(key, Limit);
        Assert.Equal("192.0.2.9", Assert.Single(Service.Status.LoadBalancer.Ingress).Ip);
        Assert.Equal(["n1"], host.Balancers.Values);

        _world.Api.Delete<V1Service>("default", "web");
        await balancer.StepAsync(key, Limit);
        Assert.Empty(host.Balancers);
        Assert.Empty(_world.Api.All<V1Service>());
        await _world.Events.FlushAsync(Limit);
        Assert.Equal(
            "Error syncing load balancer: failed to ensure load balancer: quota exceeded",
            _world.Api.All<Corev1Event>().Single(static e => e.Reason == "SyncLoadBalancerFailed").Message);
        Assert.Contains("EnsuredLoadBalancer", _world.Api.All<Corev1Event>().Select(static e => e.Reason));
        Assert.Contains("DeletedLoadBalancer", _world.Api.All<Corev1Event>().Select(static e => e.Reason));
    }

    [Fact]
    public async Task A_new_node_waits_until_the_cloud_says_something_that_can_be()
    {
        await using var host = await ReadyAsync();
        _world.AddNode("n1");
        _world.Api.Change<V1Node>("", "n1", static n => n.Spec.Taints =
            [new V1Taint { Key = CloudNodePlanner.UninitializedTaint, Effect = "NoSchedule" }]);
        var controller = new CloudNodeController(host.Cloud.Instances!, _world.Services);
        await Assert.ThrowsAsync<CloudException>(() => controller.InitializeAsync("n1", Limit));
        host.Machines["n1"] = new V1.Instance { ProviderId = "sky://1", Zone = "no zone!" };
        await Assert.ThrowsAsync<CloudException>(() => controller.InitializeAsync("n1", Limit));
        Assert.True(CloudNodePlanner.IsUninitialized(Node));
        host.Machines["n1"].Zone = "z1";
        await controller.InitializeAsync("n1", Limit);
        Assert.Equal(("sky://1", "z1"), (Node.Spec.ProviderID, Node.Metadata.Labels["topology.kubernetes.io/zone"]));
        Assert.False(CloudNodePlanner.IsUninitialized(Node));
    }

    [Fact]
    public async Task A_new_node_of_a_cloud_without_machines_does_not_wait()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        host.Has.HasInstances = false;
        await host.Cloud.ReadyAsync(Limit);
        _world.AddNode("n1");
        _world.Api.Change<V1Node>(
            "", "n1",
            static n => n.Status.Addresses = [new V1NodeAddress { Type = "InternalIP", Address = "192.0.2.7" }],
            "status");
        _world.Api.Change<V1Node>("", "n1", static n =>
        {
            n.Metadata.Annotations =
                new Dictionary<string, string> { [CloudNodePlanner.ProvidedAddressAnnotation] = "192.0.2.7" };
            n.Spec.Taints = [new V1Taint { Key = CloudNodePlanner.UninitializedTaint, Effect = "NoSchedule" }];
        });
        var controller = new CloudNodeController(host.Cloud.Instances!, _world.Services);
        await controller.InitializeAsync("n1", Limit);
        await controller.UpdateAsync(Limit);
        Assert.False(CloudNodePlanner.IsUninitialized(Node));
        Assert.Equal("192.0.2.7", Assert.Single(Node.Status.Addresses).Address);
        await new CloudNodeLifecycleController(host.Cloud.Instances!, _world.Services).SweepAsync(Limit);
        Assert.Single(_world.Api.All<V1Node>());
        Assert.DoesNotContain(host.Calls, static c => c.Contains("Instance", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_goes_when_its_machine_is_surely_gone_and_it_is_not_ready()
    {
        await using var host = await ReadyAsync();
        foreach (var name in (string[])["ready", "silent"])
        {
            _world.AddNode(name);
        }

        _world.Api.Change<V1Node>(
            "", "silent",
            static n => n.Status.Conditions = [new V1NodeCondition { Type = "Ready", Status = "Unknown" }], "status");
        var controller = new CloudNodeLifecycleController(host.Cloud.Instances!, _world.Services);
        host.Mood = static (_, _) => throw RemoteCloudHost.Refusal(StatusCode.Unavailable, "away");
        await controller.SweepAsync(Limit);
        Assert.Equal(["ready", "silent"], _world.Api.All<V1Node>().Select(static n => n.Metadata.Name));
        host.Mood = static (_, _) => Task.CompletedTask;
        await controller.SweepAsync(Limit);
        Assert.Equal(["ready"], _world.Api.All<V1Node>().Select(static n => n.Metadata.Name));
        await _world.Events.FlushAsync(Limit);
        Assert.Equal(
            "Deleting node silent because it does not exist in the cloud provider",
            Assert.Single(_world.Api.All<Corev1Event>()).Message);
    }

    [Fact]
    public async Task Routes_to_nodes_that_nobody_knows_go_and_doubles_make_no_more()
    {
        await using var host = await ReadyAsync();
        _world.AddNode("n1");
        _world.Api.Change<V1Node>("", "n1", static n =>
        {
            n.Spec.PodCIDR = "10.244.1.0/24";
            n.Spec.PodCIDRs = ["10.244.1.0/24"];
        });
        V1.Route right = new() { Name = "r1", TargetNode = "n1", DestinationCidr = "10.244.1.0/24" };
        V1.Route strange = new() { Name = "r2", TargetNode = "nobody", DestinationCidr = "10.244.2.0/24" };
        V1.Route nonsense = new() { Name = "r3", TargetNode = "n1", DestinationCidr = "everywhere" };
        host.Routes.AddRange([right, right.Clone(), strange, nonsense]);
        var controller = new RouteController(host.Cloud.Routes!, _world.Services);
        await controller.StepAsync(Limit);
        Assert.Equal(["r1", "r1", "r3"], host.Routes.Select(static r => r.Name));
        Assert.Equal("False", Condition());

        host.Routes.Clear();
        host.Mood = static (method, _) => method == "CreateRoute"
            ? throw RemoteCloudHost.Refusal(StatusCode.Internal, "no room")
            : Task.CompletedTask;
        await controller.StepAsync(Limit);
        Assert.Equal("True", Condition());
        await _world.Events.FlushAsync(Limit);
        Assert.Equal(
            $"Could not create route {Node.Metadata.Uid} 10.244.1.0/24 for node n1 after 0s: no room",
            Assert.Single(_world.Api.All<Corev1Event>()).Message);
        host.Mood = static (_, _) => Task.CompletedTask;
        await controller.StepAsync(Limit);
        Assert.Equal("False", Condition());
        Assert.Equal("n1", Assert.Single(host.Routes).TargetNode);
    }

    private V1Node Node => _world.Api.Find<V1Node>("", "n1")!;

    private V1Service Service => _world.Api.Find<V1Service>("default", "web")!;

    private string Condition() => Node.Status.Conditions.Single(static c => c.Type == "NetworkUnavailable").Status;

    private static async Task<RemoteCloudHost> ReadyAsync()
    {
        var host = await RemoteCloudHost.StartAsync();
        await host.Cloud.ReadyAsync(Limit);
        return host;
    }
}
