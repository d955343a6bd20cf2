using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Tests.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>What pods have left that nobody knows any more.</summary>
public sealed class LeftOversTests : CsiTestBed
{
    [Fact]
    public async Task A_driver_that_hangs_keeps_what_is_its_own_and_nobody_else()
    {
        Bound();
        await Stand.SetUpAsync(Claimed());
        var own = Stand.Pod.Metadata.Uid;
        var (known, other) = (Stand.Paths.Pod("known"), Stand.Paths.Pod("other"));
        Directory.CreateDirectory(known);
        Directory.CreateDirectory(other);
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        Driver.Mood = (method, _) =>
        {
            if (method != "NodeUnpublishVolume")
            {
                return Task.CompletedTask;
            }

            asked.TrySetResult();
            return answer.Task;
        };
        var leftOvers = new LeftOvers(
            Stand.Paths, Stand.Manager,
            new Cgroups(
                Stand.Options, new CgroupVersion2(Stand.Outside("cgroups")), PinningParts.Cpus(Stand.Options)),
            NullLogger<LeftOvers>.Instance);

        await leftOvers.RemoveAsync(static uid => uid == "known", Cancellation);
        await asked.Task.WaitAsync(Cancellation);
        await leftOvers.RemoveAsync(static uid => uid == "known", Cancellation);
        var gone = leftOvers.WhenGoneAsync(own);
        Assert.Equal((false, true), (gone.IsCompleted, leftOvers.WhenGoneAsync("known").IsCompleted));
        Assert.False(Directory.Exists(other));
        Assert.True(Directory.Exists(known));
        Assert.True(Stand.Manager.HasVolumes(own));

        var released = new TaskCompletionSource();
        Stand.Csi.Devices.Released += released.SetResult;
        answer.SetResult();
        await released.Task.WaitAsync(Cancellation);
        await gone.WaitAsync(Cancellation);
        Assert.Equal(Whole[..3], Driver.Calls); // asked once
    }

    /// <summary>Between the look at the files and the removal a file of the node may bring its pod back.</summary>
    [Fact]
    public async Task What_comes_back_at_the_last_moment_keeps_its_own()
    {
        var back = Stand.Paths.Pod("back");
        Directory.CreateDirectory(back);
        var leftOvers = new LeftOvers(
            Stand.Paths, Stand.Manager,
            new Cgroups(
                Stand.Options, new CgroupVersion2(Stand.Outside("cgroups")), PinningParts.Cpus(Stand.Options)),
            NullLogger<LeftOvers>.Instance);
        var looks = 0;

        await leftOvers.RemoveAsync(uid => uid == "back" && ++looks > 1, Cancellation);

        Assert.Equal(2, looks);
        Assert.True(Directory.Exists(back));
        Assert.True(leftOvers.WhenGoneAsync("back").IsCompletedSuccessfully);
    }
}
