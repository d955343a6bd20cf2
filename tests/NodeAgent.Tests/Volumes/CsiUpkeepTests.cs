using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>What is done for volumes of a driver while nobody waits for it.</summary>
public sealed class CsiUpkeepTests : CsiTestBed
{
    [Fact]
    public async Task Volumes_are_published_again_each_minute_where_the_driver_wants_it_and_stay_when_that_fails()
    {
        Define(s => s.RequiresRepublish = true);
        Bound();
        await Stand.SetUpAsync(Claimed());
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        Assert.Equal(Whole[..2], Driver.Calls);

        Stand.Time.Now += CsiPublished.Period;
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        Assert.Equal([Whole[0], Whole[1], Whole[1]], Driver.Calls);

        Stand.Time.Now += CsiPublished.Period;
        Driver.Refuse("NodePublishVolume", StatusCode.Internal, "no");
        await Stand.Csi.Events.StartAsync(Cancellation);
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        await Stand.Cluster.UntilEventAsync(
            Stand.Pod, "FailedMount",
            "MountVolume.SetUp failed for volume \"pv\" : rpc error: code = Internal desc = no");
        Assert.True(MountPoints.Contains(Target));
        await Stand.Csi.Events.StopAsync(Cancellation);
    }

    [Fact]
    public async Task A_volume_that_has_become_larger_is_expanded_and_its_claim_shows_it()
    {
        Driver.Abilities.Add(Ability.ExpandVolume);
        PutSecret("vault", "expand", "s");
        var volume = Bound(v => v.Spec.Csi.NodeExpandSecretRef =
            new V1SecretReference { NamespaceProperty = "vault", Name = "expand" });
        await Stand.SetUpAsync(Claimed());
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        Assert.Empty(Stand.Cluster.ClaimPatches);

        volume.Spec.Capacity = Size("2Gi");
        PutClaim("FileSystemResizePending", "NodeResizePending");
        Stand.Time.Now += CsiPublished.Period;
        Driver.Refuse("NodeExpandVolume", StatusCode.Internal, "no");
        await Stand.Csi.Events.StartAsync(Cancellation);
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        await Stand.Cluster.UntilEventAsync(
            Stand.Pod, "VolumeResizeFailed",
            "NodeExpandVolume.NodeExpandVolume failed for volume \"pv\" : Expander.NodeExpand failed to expand the " +
            "volume : rpc error: code = Internal desc = no");
        Assert.Equal(
            ("default/c", "{\"status\":{\"allocatedResourceStatuses\":{\"storage\":\"NodeResizeInProgress\"}}}"),
            Stand.Cluster.ClaimPatches.First());

        PutClaim("FileSystemResizePending", "NodeResizeInProgress");
        Stand.Time.Now += CsiPublished.Period;
        Driver.Mood = static (_, _) => Task.CompletedTask;
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        var request = Driver.Last<NodeExpandVolumeRequest>();
        Assert.Equal((Target, Staging, "s"), (request.VolumePath, request.StagingTargetPath, request.Secrets["key"]));
        Assert.Equal(2L << 30, request.CapacityRange.RequiredBytes);
        Assert.Equal(
            "{\"status\":{\"conditions\":[{\"$patch\":\"delete\",\"type\":\"FileSystemResizePending\"}]," +
            "\"capacity\":{\"storage\":\"2Gi\"},\"allocatedResourceStatuses\":{\"storage\":null}}}",
            Stand.Cluster.ClaimPatches.Last().Patch);
        await Stand.Cluster.UntilEventAsync(
            Stand.Pod, "FileSystemResizeSuccessful", "MountVolume.NodeExpandVolume succeeded for volume \"pv\" n");
        await Stand.Csi.Events.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Expanding_a_volume_is_tried_again_after_pauses_that_grow()
    {
        Driver.Abilities.Add(Ability.ExpandVolume);
        var volume = Bound();
        await Stand.SetUpAsync(Claimed());
        volume.Spec.Capacity = Size("2Gi");
        Driver.Refuse("NodeExpandVolume", StatusCode.Internal, "no");

        var start = Stand.Time.GetSteadyTime();
        Assert.Equal(start + RetryDelay.First, await Stand.Csi.Upkeep.RoundAsync(Cancellation));
        Assert.Equal(start + RetryDelay.First, await Stand.Csi.Upkeep.RoundAsync(Cancellation));
        Assert.Equal(1, Expansions());
        Stand.Time.Now += RetryDelay.First;
        Assert.Equal(start + (3 * RetryDelay.First), await Stand.Csi.Upkeep.RoundAsync(Cancellation));
        Assert.Equal(2, Expansions());

        Driver.Mood = static (_, _) => Task.CompletedTask;
        Stand.Time.Now += 2 * RetryDelay.First;
        Assert.Null(await Stand.Csi.Upkeep.RoundAsync(Cancellation));
        Assert.Equal(3, Expansions());
    }

    [Fact]
    public async Task A_claim_is_asked_for_again_only_when_its_volume_has_become_larger()
    {
        Driver.Abilities.Add(Ability.ExpandVolume);
        var volume = Bound();
        await Stand.SetUpAsync(Claimed());
        var asked = Stand.Cluster.ClaimReads;
        for (var look = 0; look < 3; look++)
        {
            Stand.Time.Now += CsiPublished.Period;
            await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        }

        Assert.Equal(asked + 1, Stand.Cluster.ClaimReads);

        volume.Spec.Capacity = Size("2Gi");
        Stand.Time.Now += CsiPublished.Period;
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        Assert.Equal((asked + 2, 1), (Stand.Cluster.ClaimReads, Expansions()));
    }

    [Fact]
    public async Task A_driver_tells_how_full_its_volumes_are()
    {
        Bound();
        await Stand.SetUpAsync(Claimed());
        Assert.Null(await UsedAsync());

        Driver.Abilities.Add(Ability.GetVolumeStats);
        Driver.Stats.Usage.Add(
            new VolumeUsage { Unit = VolumeUsage.Types.Unit.Bytes, Total = 100, Available = 60, Used = 40 });
        Driver.Stats.Usage.Add(
            new VolumeUsage { Unit = VolumeUsage.Types.Unit.Inodes, Total = 10, Available = 7, Used = 3 });
        var used = await UsedAsync();
        Assert.Equal(
            (new FileSystemUsage(100, 60, 10, 7), 40L, 3L), (used!.Own, used.UsedBytes, used.UsedInodes));
        var shown = Assert.Single(
            new NodeAgent.Stats.VolumeUsage(Stand.Paths, Stand.Csi.Volumes, TimeProvider.System).Of(Stand.Pod));
        Assert.Equal(
            ("v", 40UL, 3UL, used.Own, new NodeAgent.Stats.ClaimReference("c", "default")),
            (shown.Name, shown.Bytes, shown.Inodes, shown.Own, shown.Claim));

        Driver.Refuse("NodeGetVolumeStats", StatusCode.Internal, "no");
        Assert.Null(await UsedAsync());
    }

    [Fact]
    public async Task What_a_driver_does_not_answer_keeps_no_other_round()
    {
        Define(s => s.RequiresRepublish = true);
        Bound();
        await Stand.SetUpAsync(Claimed());
        Stand.Time.Now += CsiPublished.Period;
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        Driver.Mood = (method, _) =>
        {
            if (method != "NodePublishVolume")
            {
                return Task.CompletedTask;
            }

            asked.TrySetResult();
            return answer.Task;
        };
        var late = Stand.Csi.Upkeep.RoundAsync(Cancellation);
        await asked.Task.WaitAsync(Cancellation);

        Stand.Time.Now += CsiPublished.Period;
        Assert.Null(await Stand.Csi.Upkeep.RoundAsync(Cancellation));
        Assert.False(late.IsCompleted);

        answer.SetResult();
        await late;
        Assert.Equal([Whole[0], Whole[1], Whole[1]], Driver.Calls);
    }

    private int Expansions() => Driver.Calls.Count(static c => c == "NodeExpandVolume");

    private async Task<CsiUsed?> UsedAsync()
    {
        Stand.Time.Now += CsiPublished.Period;
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        return Assert.Single(Stand.Csi.Volumes.Published).Used;
    }
}
