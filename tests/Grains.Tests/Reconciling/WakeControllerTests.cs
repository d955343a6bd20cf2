using System.Threading.Channels;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.ReplicaSets;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class WakeControllerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly World _world = new();
    private readonly Channel<ObjectAddress> _woken = Channel.CreateUnbounded<ObjectAddress>();

    [Fact]
    public async Task Changes_of_children_wake_their_owner()
    {
        _world.AddReplicaSet("web", 1);
        await using var running = Run(WellKnown.ReplicaSets, ReplicaSetWakes.Registration.Follows());
        Assert.Equal("apps/replicasets/default/web", (await NextAsync()).ToString());
        _world.Step<V1ReplicaSet>("web");
        Assert.Equal("apps/replicasets/default/web", (await LaterAsync()).ToString());
    }

    [Fact]
    public async Task An_orphan_wakes_who_could_adopt_it()
    {
        _world.AddReplicaSet("web", 0);
        _world.AddReplicaSet("api", 0);
        await using var running = Run(WellKnown.ReplicaSets, ReplicaSetWakes.Registration.Follows());
        await NextAsync();
        await NextAsync();
        _world.Time.Advance(_world.Services.Options.WakeInterval);
        _world.AddPod("orphan", "", new Dictionary<string, string> { ["app"] = "api" });
        Assert.Equal("api", (await NextAsync()).Key.Name);
    }

    [Fact]
    public async Task A_node_wakes_the_services_whose_hints_follow_its_processors()
    {
        foreach (var (name, mode) in new[] { ("plain", "Disabled"), ("hinted", "Auto") })
        {
            _world.Api.Seed(new V1Service
            {
                Metadata = new V1ObjectMeta
                {
                    Name = name,
                    NamespaceProperty = "default",
                    Annotations = new Dictionary<string, string> { ["service.kubernetes.io/topology-mode"] = mode },
                },
                Spec = new V1ServiceSpec(),
            });
        }

        await using var running = Run(WellKnown.Services, ServiceWakes.Registration.Follows());
        await NextAsync();
        await NextAsync();
        _world.Time.Advance(_world.Services.Options.WakeInterval);
        _world.AddNode("n1", "z1");
        Assert.Equal("hinted", (await NextAsync()).Key.Name);
    }

    [Fact]
    public async Task Many_changes_are_one_wake_up()
    {
        _world.AddReplicaSet("web", 0);
        await using var running = Run(WellKnown.ReplicaSets, ReplicaSetWakes.Registration.Follows());
        await NextAsync();
        for (var i = 0; i < 500; i++)
        {
            _world.Api.Change<V1ReplicaSet>(
                "default", "web", s => s.Metadata.Annotations = new Dictionary<string, string> { ["n"] = $"{i}" });
        }

        // A change of another object shows that all before it were taken in.
        _world.AddReplicaSet("last", 0);
        Assert.Equal("last", (await NextAsync()).Key.Name);
        Assert.Equal("web", (await LaterAsync()).Key.Name);
        Assert.False(_woken.Reader.TryRead(out _));
    }

    [Fact]
    public async Task What_can_wait_comes_later_unless_something_urgent_comes_too()
    {
        var interval = 10 * _world.Services.Options.WakeInterval;
        await using var running = Run(
            WellKnown.ReplicaSets, [Named("slow") with { Interval = interval }, Named("quick")]);
        await ArriveAsync("slow1", "slow2-quick", "quick3");
        foreach (var name in new[] { "slow1", "slow2-quick" })
        {
            _world.Api.Change<V1ReplicaSet>("default", name, s => s.Spec.Replicas = 1);
        }

        // These are woken at once, which shows that the changes before them were taken in.
        await ArriveAsync("slow4", "quick4");
        Assert.Equal("slow2-quick", (await LaterAsync()).Key.Name);
        Assert.Equal("slow1", (await LaterAsync(interval)).Key.Name);
        Assert.False(_woken.Reader.TryRead(out _));
    }

    /// <summary>A definition may come while the controller runs.</summary>
    [Fact]
    public async Task Kinds_that_come_are_followed()
    {
        var others = new FollowedKinds(
            static kind => kind.IsCustom, static (_, change, keys) => keys.Add(change.Object.Key));
        await using var running = Run(
            WellKnown.ReplicaSets, [new Followed(WellKnown.ReplicaSets, static (_, _) => { }) { Others = others }]);
        _world.Api.Put(CustomKind.Widgets, CustomKind.Json(CustomKind.Widgets, "default", "w"));

        _world.Services.Catalog.Set("test", [CustomKind.Of(CustomKind.Widgets)]);

        Assert.Equal("w", (await NextAsync()).Key.Name);
        _world.Api.Put(CustomKind.Widgets, CustomKind.Json(CustomKind.Widgets, "default", "later"));
        Assert.Equal("later", (await NextAsync()).Key.Name);
    }

    private static Followed Named(string part) => new(WellKnown.ReplicaSets, (change, keys) =>
    {
        if (change.Object.Key.Name.Contains(part, StringComparison.Ordinal))
        {
            keys.Add(change.Object.Key);
        }
    });

    private async Task ArriveAsync(params string[] names)
    {
        foreach (var name in names)
        {
            _world.AddReplicaSet(name, 0);
        }

        var woken = new List<string>();
        while (woken.Count < names.Length)
        {
            woken.Add((await NextAsync()).Key.Name);
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), woken.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Dropped_wake_ups_leave_the_reminder()
    {
        _world.Services.Options.DropWakeUps = true;
        _world.AddReplicaSet("web", 0);
        var controller = Controller(WellKnown.ReplicaSets, ReplicaSetWakes.Registration.Follows());
        await controller.ResyncAsync(default);
        Assert.Equal("web", (await NextAsync()).Key.Name);
    }

    private async Task<ObjectAddress> NextAsync() => await _woken.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    private async Task<ObjectAddress> LaterAsync(TimeSpan? after = null)
    {
        await _world.Time.ArmedAsync();
        _world.Time.Advance(after ?? _world.Services.Options.WakeInterval);
        return await NextAsync();
    }

    private WakeController Controller(ResourceName target, IReadOnlyList<Followed> followed) => new(
        target, null, followed, _world.Api, a => _woken.Writer.TryWrite(a), _world.Services.Options, _world.Time,
        catalog: _world.Services.Catalog);

    private Running Run(ResourceName target, IReadOnlyList<Followed> followed)
    {
        var stop = new CancellationTokenSource();
        return new Running(stop, Controller(target, followed).RunAsync(stop.Token));
    }

    private sealed record Running(CancellationTokenSource Stop, Task Task) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Stop.CancelAsync();
            await Task.EndedAsync();
        }
    }
}
