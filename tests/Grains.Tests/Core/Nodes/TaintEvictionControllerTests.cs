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

    private static void Taint(World world, params V1Taint[] taints) =>
        world.Api.Change<V1Node>("", "n1", n => n.Spec.Taints = taints);

    /// <summary>Null: for ever.</summary>
    private static void Tolerate(World world, long? seconds) => world.Api.Change<V1Pod>(
        "default",
        "a",
        p => p.Spec.Tolerations =
            [new V1Toleration { Key = "k", OperatorProperty = "Exists", TolerationSeconds = seconds }]);
}
