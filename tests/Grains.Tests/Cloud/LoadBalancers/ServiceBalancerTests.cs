using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.LoadBalancers;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.LoadBalancers;

public sealed class ServiceBalancerTests
{
    private static readonly ObjectKey Web = new("default", "web");

    private readonly World _world = new();
    private readonly FakeCloud _cloud = new();
    private ServiceBalancer _balancer = null!;

    public ServiceBalancerTests() => Forget();

    [Fact]
    public async Task A_service_gets_its_load_balancer_and_is_freed_of_it()
    {
        _world.AddNode("n1");
        Add("web");
        Assert.Equal(BalancerStep.Ensure, await StepAsync());
        var service = _world.Api.Find<V1Service>("default", "web")!;
        Assert.Equal([LoadBalancerPlanner.Finalizer], service.Metadata.Finalizers);
        Assert.Equal("web.example.com", service.Status.LoadBalancer.Ingress.Single().Hostname);
        Assert.Equal(BalancerStep.None, await StepAsync());

        _world.Api.Delete<V1Service>("default", "web");
        Assert.Equal(BalancerStep.Delete, await StepAsync());
        Assert.Null(_world.Api.Find<V1Service>("default", "web"));
        Assert.Empty(_cloud.Balancers);
        Assert.Equal(
            ["EnsuringLoadBalancer", "EnsuredLoadBalancer", "DeletingLoadBalancer", "DeletedLoadBalancer"],
            await EventsAsync());
    }

    [Fact]
    public async Task A_service_that_becomes_another_type_loses_it_and_its_status()
    {
        _world.AddNode("n1");
        Add("web");
        await StepAsync();
        _world.Api.Change<V1Service>("default", "web", s => s.Spec.Type = "ClusterIP");
        Forget();
        Assert.Equal(BalancerStep.Delete, await StepAsync());
        var service = _world.Api.Find<V1Service>("default", "web")!;
        Assert.Empty(service.Metadata.Finalizers ?? []);
        Assert.Null(service.Status.LoadBalancer?.Ingress);
        Assert.Equal(BalancerStep.None, await StepAsync());
    }

    [Fact]
    public async Task Nodes_that_come_and_go_are_told()
    {
        _world.AddNode("n1");
        Add("web");
        await StepAsync();
        _world.AddNode("n2");
        Assert.Equal(BalancerStep.UpdateNodes, await StepAsync());
        Assert.Equal("n1 n2", Assert.Single(_cloud.Balancers).Value);
        _world.Api.Delete<V1Node>("", "n1");
        _world.Api.Delete<V1Node>("", "n2");
        await StepAsync();
        Assert.Equal("", Assert.Single(_cloud.Balancers).Value);
        Assert.Equal(
            ["EnsuringLoadBalancer", "EnsuredLoadBalancer", "UpdatedLoadBalancer", "UnAvailableLoadBalancer"],
            await EventsAsync());
    }

    [Fact]
    public async Task A_failure_is_told_and_keeps_what_the_cloud_says_of_its_patience()
    {
        Add("web");
        _cloud.Whim = () => Mood.Throttling;
        var error = await Assert.ThrowsAsync<CloudException>(StepAsync);
        Assert.Equal(TimeSpan.FromSeconds(7), error.RetryAfter);
        await _world.Events.FlushAsync(default);
        Assert.Contains(
            _world.Api.All<Corev1Event>(),
            e => e is
            {
                Type: "Warning", Reason: "SyncLoadBalancerFailed",
                Message: "Error syncing load balancer: failed to ensure load balancer: not today",
            });
        Assert.Equal([Web], _balancer.Failed);
        _cloud.Whim = () => Mood.Honest;
        Assert.Equal(BalancerStep.Ensure, await StepAsync());
        Assert.Empty(_balancer.Failed);
    }

    [Fact]
    public async Task A_service_that_cannot_be_read_keeps_its_load_balancer()
    {
        Add("web");
        await StepAsync();
        _world.Api.BeforeRead = static (_, _) => StatusErrors.ServiceUnavailable("no store");
        await Assert.ThrowsAsync<ReconcileException>(StepAsync);
        Assert.Single(_cloud.Balancers);
        _world.Api.BeforeRead = null;
        Assert.Equal(BalancerStep.None, await StepAsync());
    }

    [Fact]
    public async Task What_went_without_finalizer_leaves_nothing_behind()
    {
        Add("web");
        await StepAsync();
        _world.Api.Change<V1Service>("default", "web", s => s.Metadata.Finalizers = null);
        _world.Api.Delete<V1Service>("default", "web");
        Add("web");
        await StepAsync();
        Assert.Equal(
            _world.Api.Find<V1Service>("default", "web")!.Metadata.Uid, Assert.Single(_cloud.Balancers).Key);
    }

    [Fact]
    public async Task A_load_balancer_that_is_wanted_again_after_half_a_removal_is_made_anew()
    {
        Add("web");
        await StepAsync();
        _world.Api.Change<V1Service>("default", "web", s => s.Spec.Type = "ClusterIP");
        var calls = 0;
        _cloud.Whim = () => ++calls == 2 ? Mood.Lying : Mood.Honest;
        await Assert.ThrowsAsync<CloudException>(StepAsync);
        Assert.Empty(_cloud.Balancers);
        _world.Api.Change<V1Service>("default", "web", s => s.Spec.Type = "LoadBalancer");
        Assert.Equal(BalancerStep.Ensure, await StepAsync());
        Assert.Single(_cloud.Balancers);
    }

    /// <summary>
    /// While the cloud fails, throttles and lies, Services come, change and go, and the controller forgets all now and
    /// then. As soon as the cloud is honest, all is as it should be.
    /// </summary>
    [Fact]
    public void All_is_well_once_the_cloud_is_honest() => Gen.Select(
        Gen.Int[0, 1 << 20], Gen.Int[0, 5].Array[5, 40]).Check((seed, acts) =>
    {
        var test = new ServiceBalancerTests();
        var random = new Random(seed);
        test._cloud.Whim = () => (Mood)random.Next(4);
        foreach (var act in acts)
        {
            test.Act(act, $"s{random.Next(3)}");
            test.StepAll();
        }

        test._cloud.Whim = () => Mood.Honest;
        test.StepAll();
        var services = test._world.Api.All<V1Service>();
        Assert.All(services, s => Assert.Null(s.Metadata.DeletionTimestamp));
        var nodes = string.Join(
            ' ', test._world.Api.All<V1Node>().Select(n => n.Metadata.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            services.Where(LoadBalancerPlanner.Wants).ToDictionary(s => s.Metadata.Uid, _ => nodes),
            test._cloud.Balancers);
        Assert.All(services, s => Assert.Equal(
            LoadBalancerPlanner.Wants(s) ? $"{s.Metadata.Name}.example.com" : null,
            s.Status?.LoadBalancer?.Ingress?.Single().Hostname));
        Assert.All(services, s => Assert.Equal(
            LoadBalancerPlanner.Wants(s), s.Metadata.Finalizers?.Contains(LoadBalancerPlanner.Finalizer) == true));
    }, cases: 300);

    private void Act(int act, string name)
    {
        var service = _world.Api.Find<V1Service>("default", name);
        switch (act)
        {
            case 0 when service is not null:
                _world.Api.Delete<V1Service>("default", name);
                break;
            case 1 when service is { Metadata.DeletionTimestamp: null }:
                _world.Api.Change<V1Service>(
                    "default", name, s => s.Spec.Type = s.Spec.Type == "ClusterIP" ? "LoadBalancer" : "ClusterIP");
                break;
            case 2:
                Forget();
                break;
            case 3 when _world.Api.Find<V1Node>("", name) is null:
                _world.Api.Seed(new V1Node { Metadata = new V1ObjectMeta { Name = name } });
                break;
            case 4 when _world.Api.Find<V1Node>("", name) is not null:
                _world.Api.Delete<V1Node>("", name);
                break;
            default:
                if (service is null)
                {
                    Add(name);
                }

                break;
        }
    }

    private void StepAll()
    {
        foreach (var key in _world.Api.All<V1Service>().Select(s => new ObjectKey("default", s.Metadata.Name))
            .Union(_balancer.Known).ToList())
        {
            try
            {
                _ = _balancer.StepAsync(key, default).GetAwaiter().GetResult();
            }
            catch (CloudException)
            {
                // Tried again with the next step.
            }
        }
    }

    private void Forget() =>
        _balancer = new ServiceBalancer(_cloud, _world.Api, _world.Events.For("service-controller"));

    private Task<BalancerStep> StepAsync() => _balancer.StepAsync(Web, default);

    private async Task<IReadOnlyList<string>> EventsAsync()
    {
        await _world.Events.FlushAsync(default);
        return [.. _world.Api.All<Corev1Event>().OrderBy(e => e.Metadata.ResourceVersion, Comparer<string>.Create(
            (a, b) => long.Parse(a, null).CompareTo(long.Parse(b, null)))).Select(e => e.Reason)];
    }

    private void Add(string name) => _world.Api.Seed(new V1Service
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            Type = "LoadBalancer", ClusterIP = "10.96.0.10",
            Ports = [new V1ServicePort { Port = 80, Protocol = "TCP" }],
        },
    });
}
