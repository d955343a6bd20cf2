using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Networking.IpAddresses;

public sealed class IpAddressControllerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly World _world = new();

    [Fact]
    public async Task Every_cluster_address_of_a_service_has_an_object()
    {
        Add("a", "10.96.0.10");
        Add("b", "10.96.0.11");
        Add("headless", "None");
        await StepAsync();
        Assert.Equal(["10.96.0.10 services default/a", "10.96.0.11 services default/b"], Objects());
        var item = _world.Api.Find<V1IPAddress>("", "10.96.0.10")!;
        Assert.Equal(("IPv4", "ipallocator.k8s.io"), (
            item.GetLabel("ipaddress.kubernetes.io/ip-family"), item.GetLabel("ipaddress.kubernetes.io/managed-by")));
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);

        _world.Api.Delete<V1Service>("default", "a");
        await StepAsync();
        Assert.Equal(2, Objects().Count());
        _world.Time.Advance(IpAddressPlanner.OrphanGrace + TimeSpan.FromSeconds(1));
        await StepAsync();
        Assert.Equal(["10.96.0.11 services default/b"], Objects());
    }

    [Fact]
    public async Task An_address_that_its_service_lets_go_loses_its_object_at_once()
    {
        Add("a", "10.96.0.10");
        await StepAsync();
        var controller = new IpAddressController(_world.Services);
        controller.Notice(Delete("a"));
        await controller.DrainAsync(default);
        Assert.Empty(Objects());
    }

    /// <summary>It was heard of with the first Service only, by its change or by the object that it had then.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_address_that_another_service_has_taken_keeps_its_object(bool isChange)
    {
        Add("a", "10.96.0.10");
        await StepAsync();
        var item = _world.Api.Find<V1IPAddress>("", "10.96.0.10")!;
        var change = Delete("a");
        _world.Api.Delete<V1IPAddress>("", "10.96.0.10");
        Add("b", "10.96.0.10");
        await StepAsync();
        Assert.Equal(["10.96.0.10 services default/b"], Objects());
        var controller = new IpAddressController(_world.Services);
        if (isChange)
        {
            controller.Notice(change);
        }
        else
        {
            controller.Notice(item);
        }

        var writes = _world.Api.Writes;
        Assert.Null(await controller.DrainAsync(default));
        await _world.Events.FlushAsync(default);
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Fact]
    public async Task A_cache_that_is_behind_takes_no_release_back()
    {
        Add("a", "10.96.0.10");
        await StepAsync();
        _world.Api.HoldView();
        var controller = new IpAddressController(_world.Services);
        controller.Notice(Delete("a"));
        await controller.ResyncAsync(default);
        Assert.Empty(Objects());
    }

    [Fact]
    public async Task What_was_refused_is_looked_at_again_for_the_same_reason()
    {
        Add("a", "10.96.0.10");
        await StepAsync();
        var controller = new IpAddressController(_world.Services);
        controller.Notice(Delete("a"));
        _world.Api.BeforeWrite = static w => StatusErrors.Forbidden(w.Resource, w.Key.Name, "a policy says so");
        await Assert.ThrowsAsync<ReconcileException>(() => controller.DrainAsync(default));
        Assert.Single(Objects());
        _world.Api.BeforeWrite = null;
        await controller.DrainAsync(default);
        Assert.Empty(Objects());
    }

    [Fact]
    public async Task What_waits_for_its_service_is_looked_at_when_it_has_waited_for_too_long()
    {
        Seed("10.96.0.10", "services", "gone");
        var controller = new IpAddressController(_world.Services);
        await controller.ResyncAsync(default);
        Assert.Single(Objects());
        var left = await controller.DrainAsync(default);
        Assert.InRange(left!.Value, TimeSpan.Zero, IpAddressPlanner.OrphanGrace + TimeSpan.FromSeconds(1));
        _world.Time.Advance(left!.Value);
        Assert.Null(await controller.DrainAsync(default));
        Assert.Empty(Objects());
    }

    /// <summary>Nothing happens but that time passes.</summary>
    [Fact]
    public async Task Who_follows_changes_looks_then_too()
    {
        Seed("10.96.0.10", "services", "gone");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(Patience);
        var running = new IpAddressController(_world.Services).RunAsync(stop.Token);
        await _world.Time.ArmedAsync();
        _world.Time.Advance(IpAddressPlanner.OrphanGrace + TimeSpan.FromSeconds(1));
        await foreach (var change in _world.Api.FollowAsync(WellKnown.IpAddresses, stop.Token))
        {
            // It was gone already when the following began, or goes now.
            if (change.Kind == ChangeKind.Deleted || !Objects().Any())
            {
                break;
            }
        }

        Assert.Empty(Objects());
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    [Fact]
    public async Task What_says_something_else_is_put_right()
    {
        Add("a", "10.96.0.10");
        Add("b", "10.96.0.11");
        Seed("10.96.0.10", "services", "b");
        Seed("10.96.0.11", "gateways", "b");
        Seed("10.96.0.12", "services", "b");
        Seed("10.96.0.13", "gateways", "b");
        await StepAsync();
        Assert.Equal(["10.96.0.10 services default/a", "10.96.0.11 services default/b"], Objects());
    }

    [Fact]
    public async Task What_others_have_is_theirs()
    {
        Seed("10.96.0.10", "gateways", "g", manager: "example.com");
        Seed("10.96.0.11", "services", "gone", manager: "example.com");
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    /// <summary>That of an earlier Service of the same name went with that one.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(-1, 0)]
    public async Task An_object_that_was_taken_away_is_told_of(int age, int events)
    {
        Add("a", "10.96.0.10");
        var service = _world.Api.Find<V1Service>("default", "a")!;
        await StepAsync();
        var item = _world.Api.Find<V1IPAddress>("", "10.96.0.10")!;
        _world.Api.Delete<V1IPAddress>("", "10.96.0.10");
        item.Metadata.CreationTimestamp = service.Metadata.CreationTimestamp!.Value.AddSeconds(age);
        var controller = new IpAddressController(_world.Services);
        controller.Notice(item, isGone: true);
        await controller.DrainAsync(default);
        Assert.Equal(["10.96.0.10 services default/a"], Objects());
        await _world.Events.FlushAsync(default);
        Assert.Equal(
            Enumerable.Repeat(
                "Service/a Warning ClusterIPNotAllocated Cluster IP [IPv4]: 10.96.0.10 is not allocated; repairing",
                events),
            _world.Api.All<Corev1Event>().Select(static e =>
                $"{e.InvolvedObject.Kind}/{e.InvolvedObject.Name} {e.Type} {e.Reason} {e.Message}"));
    }

    /// <summary>Deletes a Service; what those are told who follow Services.</summary>
    private ResourceChange Delete(string name)
    {
        var last = _world.Api.Find(WellKnown.Services, new ObjectKey("default", name))!;
        _world.Api.Delete<V1Service>("default", name);
        return new ResourceChange { Kind = ChangeKind.Deleted, Object = last };
    }

    private void Add(string name, string address) => _world.Api.Seed(new V1Service
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { ClusterIP = address, ClusterIPs = [address] },
    });

    private void Seed(string address, string resource, string name, string manager = "ipallocator.k8s.io") =>
        _world.Api.Seed(new V1IPAddress
        {
            Metadata = new V1ObjectMeta
            {
                Name = address,
                Labels = new Dictionary<string, string> { ["ipaddress.kubernetes.io/managed-by"] = manager },
            },
            Spec = new V1IPAddressSpec
            {
                ParentRef = new V1ParentReference { Resource = resource, NamespaceProperty = "default", Name = name },
            },
        });

    private Task StepAsync() => new IpAddressController(_world.Services).ResyncAsync(default);

    private IEnumerable<string> Objects() => _world.Api.All<V1IPAddress>().Select(i =>
        $"{i.Metadata.Name} {i.Spec.ParentRef.Resource} {i.Spec.ParentRef.NamespaceProperty}/{i.Spec.ParentRef.Name}");
}
