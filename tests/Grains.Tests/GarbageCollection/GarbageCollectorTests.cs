using k8s.Models;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.GarbageCollection;

public sealed class GarbageCollectorTests
{
    [Fact]
    public async Task Background_takes_the_whole_tree_from_the_top()
    {
        var (world, collector) = Tree();
        world.Api.Delete<V1Deployment>("default", "web", "Background");
        Assert.Null(world.Api.Find<V1Deployment>("default", "web"));
        await SettleAsync(world, collector);
        Assert.Empty(world.Api.All<V1ReplicaSet>());
        Assert.All(world.Api.All<V1Pod>(), p => Assert.NotNull(p.Metadata.DeletionTimestamp));
        Assert.NotNull(world.Api.Find<V1ConfigMap>("default", "free"));
    }

    [Fact]
    public async Task Foreground_takes_it_from_the_bottom()
    {
        var (world, collector) = Tree();
        world.Api.Delete<V1Deployment>("default", "web", "Foreground");
        await SettleAsync(world, collector);
        Assert.NotNull(world.Api.Find<V1Deployment>("default", "web"));
        Assert.NotNull(world.Api.All<V1ReplicaSet>().Single().Metadata.DeletionTimestamp);
        world.Api.All<V1Pod>().ToList().ForEach(p => world.EndPod(p.Metadata.Name));
        await SettleAsync(world, collector);
        Assert.Empty(world.Api.All<V1Pod>());
        Assert.Empty(world.Api.All<V1ReplicaSet>());
        Assert.Empty(world.Api.All<V1Deployment>());
    }

    /// <summary>
    /// A owns B, B owns C and C owns A, and each would wait for the next: one of them ceases to block.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task A_circle_that_is_deleted_in_the_foreground_goes(int length)
    {
        var (world, collector) = Circle(length);
        world.Api.Delete<V1ConfigMap>("default", "o0", "Foreground");
        await SettleAsync(world, collector);
        Assert.Empty(world.Api.All<V1ConfigMap>());
    }

    [Fact]
    public async Task A_circle_goes_by_its_changes_alone()
    {
        var (world, collector) = Circle(3);
        using var stop = new CancellationTokenSource();
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Api.AfterWrite = _ =>
        {
            if (world.Api.All<V1ConfigMap>().Count == 0)
            {
                gone.TrySetResult();
            }
        };
        var running = collector.RunAsync(stop.Token);
        world.Api.Delete<V1ConfigMap>("default", "o0", "Foreground");
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    [Fact]
    public async Task An_owner_in_another_namespace_is_told_and_counts_as_absent()
    {
        var world = new World();
        var owner = world.Api.Seed(
            new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "owner", NamespaceProperty = "other" } });
        var reference =
            new V1OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = "owner", Uid = owner.Metadata.Uid };
        var nowhere = new V1OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = "owner", Uid = "never-was" };
        AddOwned(world, "stranger", reference);
        AddOwned(world, "lost", nowhere);
        world.AddNode("n1");
        world.Api.Change<V1Node>("", "n1", n => n.Metadata.OwnerReferences = [reference]);
        var collector = new GarbageCollector(world.Services);
        foreach (var resource in (ResourceName[])[WellKnown.ConfigMaps, WellKnown.Nodes])
        {
            var list = await world.Api.ListAsync(new ListQuery { Resource = resource }, default);
            foreach (var item in list.Items)
            {
                await collector.NoticeAsync(
                    resource, new ResourceChange { Kind = ChangeKind.Added, Object = item }, default);
            }
        }

        await collector.DrainAsync(default);
        await world.Events.FlushAsync(default);
        var uid = owner.Metadata.Uid;
        Assert.Equal(
            [
                $"Node n1: ownerRef [v1/ConfigMap, namespace: , name: owner, uid: {uid}] does not exist in namespace \"\"",
                $"ConfigMap stranger: ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: {uid}] does not exist in namespace \"default\"",
            ],
            world.Api.All<Corev1Event>().Where(e => e is { Type: "Warning", Reason: "OwnerRefInvalidNamespace" })
                .Select(e => $"{e.InvolvedObject.Kind} {e.InvolvedObject.Name}: {e.Message}")
                    .OrderDescending(StringComparer.Ordinal));
        Assert.Equal(["owner"], world.Api.All<V1ConfigMap>().Select(c => c.Metadata.Name));
        Assert.NotNull(world.Api.Find<V1Node>("", "n1"));
    }

    [Fact]
    public async Task Orphan_leaves_the_dependents_alone()
    {
        var (world, collector) = Tree();
        world.Api.Delete<V1Deployment>("default", "web", "Orphan");
        await SettleAsync(world, collector);
        Assert.Empty(world.Api.All<V1Deployment>());
        Assert.Null(world.Api.All<V1ReplicaSet>().Single().Metadata.OwnerReferences);
        Assert.All(world.Api.All<V1Pod>(), p => Assert.Null(p.Metadata.DeletionTimestamp));
    }

    [Fact]
    public async Task A_namesake_of_the_owner_is_not_the_owner()
    {
        var world = new World();
        var node = world.AddNode("n1");
        AddOwned(
            world,
            "right",
            new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n1", Uid = node.Metadata.Uid });
        AddOwned(
            world, "wrong", new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n1", Uid = "another" });
        AddOwned(world, "absent", new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n2", Uid = "x" });
        AddOwned(
            world,
            "unknown",
            new V1OwnerReference { ApiVersion = "example.com/v1", Kind = "Thing", Name = "t", Uid = "y" });
        var collector = new GarbageCollector(world.Services);
        await SettleAsync(world, collector);
        Assert.Equal(["right", "unknown"], world.Api.All<V1ConfigMap>().Select(c => c.Metadata.Name));
    }

    /// <summary>Not taken for gone: it is looked at again.</summary>
    [Fact]
    public async Task What_cannot_be_read_is_looked_at_again()
    {
        var world = new World();
        AddOwned(world, "absent", new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n2", Uid = "x" });
        var collector = new GarbageCollector(world.Services);
        world.Api.BeforeRead = static (_, _) => StatusErrors.ServiceUnavailable("no store");
        await SettleAsync(world, collector);
        world.Api.BeforeRead = null;
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await collector.DrainAsync(default);
        Assert.Empty(world.Api.All<V1ConfigMap>());
    }

    [Fact]
    public async Task One_solid_owner_keeps_it_and_the_others_are_forgotten()
    {
        var world = new World();
        var node = world.AddNode("n1");
        AddOwned(
            world,
            "shared",
            new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n1", Uid = node.Metadata.Uid },
            new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n2", Uid = "x" });
        await SettleAsync(world, new GarbageCollector(world.Services));
        Assert.Equal(
            "n1", Assert.Single(world.Api.Find<V1ConfigMap>("default", "shared")!.Metadata.OwnerReferences).Name);
    }

    /// <summary>As upstream, which looks at no other reference then.</summary>
    [Theory]
    [InlineData("an unknown kind", "example.com/v1", "Thing", "default")]
    [InlineData("a namespaced kind of a cluster's object", "v1", "ConfigMap", "")]
    public async Task One_owner_of_which_nothing_can_be_said_keeps_all_as_it_is(
        string what, string apiVersion, string kind, string space)
    {
        var world = new World();
        V1OwnerReference[] owners =
        [
            new() { ApiVersion = "v1", Kind = "Node", Name = "n2", Uid = "x" },
            new() { ApiVersion = apiVersion, Kind = kind, Name = "t", Uid = "y" },
        ];
        var metadata = new V1ObjectMeta
        {
            Name = "odd", NamespaceProperty = space.Length == 0 ? null : space, OwnerReferences = owners,
        };
        if (space.Length == 0)
        {
            world.Api.Seed(new V1StorageClass { Metadata = metadata, Provisioner = "p" });
        }
        else
        {
            world.Api.Seed(new V1ConfigMap { Metadata = metadata });
        }

        await SettleAsync(world, new GarbageCollector(world.Services));
        var left = space.Length == 0
            ? world.Api.All<V1StorageClass>().Single().Metadata
            : world.Api.All<V1ConfigMap>().Single().Metadata;
        Assert.True(left.OwnerReferences.Count == 2, what);
    }

    [Fact]
    public async Task Changes_alone_lead_to_the_right_places()
    {
        var (world, collector) = Tree();
        using var stop = new CancellationTokenSource();
        var gone = new TaskCompletionSource();
        world.Api.AfterWrite = w =>
        {
            if (w.Resource == WellKnown.Pods && w.Verb == "delete")
            {
                gone.TrySetResult();
            }
        };
        var running = collector.RunAsync(stop.Token);
        world.Api.Delete<V1Deployment>("default", "web", "Background");
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    private static (World World, GarbageCollector Collector) Circle(int length)
    {
        var world = new World();
        var uids = Enumerable.Range(0, length).Select(i => world.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = $"o{i}", NamespaceProperty = "default" },
        }).Metadata.Uid).ToArray();
        for (var i = 0; i < length; i++)
        {
            var owner = (i + length - 1) % length;
            world.Api.Change<V1ConfigMap>("default", $"o{i}", c => c.Metadata.OwnerReferences =
            [
                new V1OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = $"o{owner}", Uid = uids[owner],
                    BlockOwnerDeletion = true },
            ]);
        }

        return (world, new GarbageCollector(world.Services));
    }

    private static (World World, GarbageCollector Collector) Tree()
    {
        var world = new World();
        world.AddDeployment("web", 3);
        world.Settle();
        AddOwned(world, "free");
        return (world, new GarbageCollector(world.Services));
    }

    private static void AddOwned(World world, string name, params V1OwnerReference[] owners) => world.Api.Seed(new V1ConfigMap
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", OwnerReferences = owners.Length == 0 ? null : owners },
    });

    private static async Task SettleAsync(World world, GarbageCollector collector)
    {
        long before;
        do
        {
            before = world.Api.Writes;
            await collector.ResyncAsync(default);
            await collector.DrainAsync(default);
        }
        while (world.Api.Writes != before);
    }
}
