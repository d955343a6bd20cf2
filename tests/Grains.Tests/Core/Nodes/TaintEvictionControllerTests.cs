using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

/// <summary>What the events of taint eviction say, and when, as upstream has it.</summary>
public sealed class TaintEvictionControllerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static V1Taint Tolerated => new() { Key = "k", Effect = "NoExecute" };

    [Fact]
    public async Task An_eviction_that_is_called_off_is_said_and_one_that_is_carried_out_too()
    {
        var (world, controller) = await ScheduledAsync();
        Assert.Empty(await SaidAsync(world));

        Taint(world);
        await controller.ResyncAsync(default);
        await controller.ResyncAsync(default);
        Assert.Equal([("Cancelling deletion of Pod default/a", 1)], await SaidAsync(world));

        Taint(world, Tolerated);
        await controller.ResyncAsync(default);
        Tolerate(world, null);
        await controller.ResyncAsync(default);
        Assert.Equal([("Cancelling deletion of Pod default/a", 2)], await SaidAsync(world));

        Tolerate(world, 30);
        await controller.ResyncAsync(default);
        world.Time.Advance(TimeSpan.FromSeconds(31));
        await controller.ResyncAsync(default);
        Assert.Equal(
            [("Cancelling deletion of Pod default/a", 2), ("Marking for deletion Pod default/a", 1)],
            await SaidAsync(world));
    }

    [Fact]
    public async Task A_pod_that_must_leave_sooner_than_was_said_is_told_of_both()
    {
        var (world, controller) = await ScheduledAsync();
        Taint(world, Tolerated, new V1Taint { Key = "other", Effect = "NoExecute" });
        await controller.ResyncAsync(default);
        Assert.NotNull(world.Api.Find<V1Pod>("default", "a")!.Metadata.DeletionTimestamp);
        Assert.Equal(
            [("Cancelling deletion of Pod default/a", 1), ("Marking for deletion Pod default/a", 1)],
            await SaidAsync(world));
    }

    /// <summary>Of upstream's test table: lengthening a toleration does not work, removing it does.</summary>
    [Theory]
    [InlineData(60L, true)]
    [InlineData(30L, true)]
    [InlineData(null, false)]
    public async Task Tolerating_for_longer_gains_no_time_unless_it_is_for_ever(long? seconds, bool leaves)
    {
        var (world, controller) = await ScheduledAsync();
        Tolerate(world, seconds);
        await controller.ResyncAsync(default);
        world.Time.Advance(TimeSpan.FromSeconds(31));
        await controller.ResyncAsync(default);
        Assert.Equal(leaves, IsLeaving(world));
    }

    /// <summary>A node that is not ready becomes unreachable: its pods leave when they were to.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Another_taint_gives_time_only_after_a_while_without_any(bool isInterrupted, bool leaves)
    {
        var (world, controller) = await ScheduledAsync();
        world.Time.Advance(TimeSpan.FromSeconds(20));
        if (isInterrupted)
        {
            Taint(world);
            await controller.ResyncAsync(default);
        }

        Taint(world, new V1Taint
        {
            Key = "k", Value = "other", Effect = "NoExecute", TimeAdded = world.Time.GetUtcNow().UtcDateTime,
        });
        await controller.ResyncAsync(default);
        world.Time.Advance(TimeSpan.FromSeconds(11));
        await controller.ResyncAsync(default);
        Assert.Equal(leaves, IsLeaving(world));
        world.Time.Advance(TimeSpan.FromSeconds(20));
        await controller.ResyncAsync(default);
        Assert.True(IsLeaving(world));
    }

    /// <summary>Upstream tries again at once; here the next look does, whatever the taint says by then.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_deletion_that_fails_gives_no_time_either(bool isConflict)
    {
        var (world, controller) = await ScheduledAsync();
        Tolerate(world, 60);
        world.Time.Advance(TimeSpan.FromSeconds(31));
        world.Api.BeforeWrite = write => write.Resource != WellKnown.Pods ? null
            : isConflict ? StatusErrors.Conflict(write.Resource, write.Key.Name, "it changed")
            : StatusErrors.Forbidden(write.Resource, write.Key.Name, "a policy says so");
        var looking = controller.ResyncAsync(default);
        if (isConflict)
        {
            await looking;
        }
        else
        {
            await Assert.ThrowsAsync<ReconcileException>(() => looking);
        }

        Assert.False(IsLeaving(world));
        world.Api.BeforeWrite = null;
        await controller.ResyncAsync(default);
        Assert.True(IsLeaving(world));
    }

    [Fact]
    public async Task A_pod_that_has_ended_leaves_too()
    {
        var (world, controller) = await ScheduledAsync();
        world.Finish("a", 0);
        world.Time.Advance(TimeSpan.FromSeconds(31));
        await controller.ResyncAsync(default);
        Assert.True(IsLeaving(world));
    }

    [Fact]
    public async Task The_eviction_of_a_pod_that_somebody_else_deletes_is_called_off()
    {
        var (world, controller) = await ScheduledAsync();
        using var stop = new CancellationTokenSource();
        var running = controller.RunAsync(stop.Token);
        await world.Events.StartAsync(default);
        world.Api.Delete<V1Pod>("default", "a", grace: 0);
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var change in world.Api.FollowAsync(WellKnown.Events, patience.Token))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced)
                && change.Object.As<Corev1Event>().Message == "Cancelling deletion of Pod default/a")
            {
                break;
            }
        }

        await world.Events.StopAsync(default);
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    /// <summary>Pod a is to leave node n1 in 30 seconds.</summary>
    private static async Task<(World World, TaintEvictionController Controller)> ScheduledAsync()
    {
        var world = new World();
        world.AddNode("n1");
        world.AddPod("a", "n1");
        var controller = new TaintEvictionController(world.Services);
        Tolerate(world, 30);
        Taint(world, Tolerated);
        await controller.ResyncAsync(default);
        return (world, controller);
    }

    private static async Task<IReadOnlyList<(string Message, int? Count)>> SaidAsync(World world)
    {
        await world.Events.FlushAsync(default);
        var events = world.Api.All<Corev1Event>().Where(e => e.Reason == "TaintManagerEviction");
        return [.. events.Select(e => (e.Message, e.Count)).Order()];
    }

    private static bool IsLeaving(World world) =>
        world.Api.Find<V1Pod>("default", "a") is not { Metadata.DeletionTimestamp: null };

    private static void Taint(World world, params V1Taint[] taints) =>
        world.Api.Change<V1Node>("", "n1", n => n.Spec.Taints = taints);

    /// <summary>Null: for ever.</summary>
    private static void Tolerate(World world, long? seconds) => world.Api.Change<V1Pod>(
        "default",
        "a",
        p => p.Spec.Tolerations =
            [new V1Toleration { Key = "k", OperatorProperty = "Exists", TolerationSeconds = seconds }]);
}
