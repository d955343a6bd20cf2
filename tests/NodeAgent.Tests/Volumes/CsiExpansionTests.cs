using Grpc.Core;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>Whose turn it is to make a volume larger, and what its claim tells of it.</summary>
public sealed class CsiExpansionTests : CsiTestBed
{
    private const string Began = "{\"status\":{\"allocatedResourceStatuses\":{\"storage\":\"NodeResizeInProgress\"}}}";
    private const string Ended = "{\"status\":{\"capacity\":{\"storage\":\"2Gi\"}}}";
    private const string EndedFollowed =
        "{\"status\":{\"capacity\":{\"storage\":\"2Gi\"},\"allocatedResourceStatuses\":{\"storage\":null}}}";

    /// <summary>What the claim shows, what its resizer says, how the driver answers; calls and patches then.</summary>
    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["a resizer of old says nothing"] = new("1Gi", null, null, null, 1, [Ended]),
        ["the node's turn has come"] = new("1Gi", "2Gi", "NodeResizePending", null, 1, [Began, EndedFollowed]),
        ["it is the node's turn"] = new("1Gi", "2Gi", "NodeResizeInProgress", null, 1, [EndedFollowed]),
        ["the controller is at it"] = new("1Gi", "2Gi", "ControllerResizeInProgress", null, 0, []),
        ["the resizer has yet to say whose turn it is"] = new("1Gi", "2Gi", null, null, 0, []),
        ["it was found to be impossible"] = new("1Gi", "2Gi", "NodeResizeInfeasible", null, 0, []),
        ["another node has shown it"] = new("2Gi", "2Gi", null, null, 1, []),
        ["it fails, and nobody wants to know"] = new("1Gi", null, null, StatusCode.Internal, 1, []),
        ["it fails"] = new(
            "1Gi", "2Gi", "NodeResizeInProgress", StatusCode.Internal, 1, [Failed(": ", StatusCode.Internal)]),
        ["it cannot be"] = new(
            "1Gi", "2Gi", "NodeResizeInProgress", StatusCode.OutOfRange, 1,
            [
                Failed(
                    "", StatusCode.OutOfRange, "\"allocatedResourceStatuses\":{\"storage\":\"NodeResizeInfeasible\"},"),
            ]),
    };

    public static TheoryData<string> CaseNames => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public async Task A_volume_is_expanded_when_it_is_the_nodes_turn_and_its_claim_tells_how_that_ended(string name)
    {
        var (shows, allocated, resize, refusal, calls, patches) = Cases[name];
        await MountedAsync();
        PutClaim(resize: resize, shows: shows, allocated: allocated);
        if (refusal is { } code)
        {
            Driver.Refuse("NodeExpandVolume", code, "no");
        }

        await LookAsync();

        Assert.Equal(calls, Expansions);
        Assert.Equal(patches, Patches);
    }

    [Fact]
    public async Task What_has_failed_is_impossible_once_the_claim_wants_another_size()
    {
        await MountedAsync();
        PutClaim(resize: "NodeResizeInProgress", allocated: "2Gi", wants: "3Gi");
        Driver.Refuse("NodeExpandVolume", StatusCode.Internal, "no");
        await LookAsync();
        Assert.DoesNotContain("NodeResizeInfeasible", Patches.Last(), StringComparison.Ordinal);

        await LookAsync();
        Assert.Contains("NodeResizeInfeasible", Patches.Last(), StringComparison.Ordinal);
        PutClaim("NodeResizeError", "NodeResizeInfeasible", allocated: "2Gi", wants: "3Gi");
        await LookAsync();
        Assert.Equal(2, Expansions);
    }

    [Fact]
    public async Task A_driver_that_expands_no_volume_in_use_is_asked_once_while_it_is_mounted()
    {
        await MountedAsync();
        PutClaim(resize: "NodeResizeInProgress", allocated: "2Gi");
        Driver.Refuse("NodeExpandVolume", StatusCode.FailedPrecondition, "in use");
        await Stand.Csi.Events.StartAsync(Cancellation);
        await LookAsync();
        await Stand.Cluster.UntilEventAsync(
            Stand.Pod, "VolumeResizeFailed",
            "NodeExpandVolume.NodeExpandVolume failed to resize volume for volume \"pv\" : volume resizing failed " +
            "for unknown reason");
        await Stand.Csi.Events.StopAsync(Cancellation);
        Assert.Equal([Failed(": ", StatusCode.FailedPrecondition, says: "in use")], Patches);

        await LookAsync();
        Assert.Equal(1, Expansions);
    }

    [Fact]
    public async Task A_claim_that_cannot_be_told_has_the_driver_asked_no_more_often()
    {
        await MountedAsync();
        PutClaim(resize: "NodeResizeInProgress", allocated: "2Gi");
        Driver.Mood = (method, _) =>
        {
            Stand.Cluster.IsAway = method == "NodeExpandVolume";
            return Stand.Cluster.IsAway
                ? throw FakeCsiDriver.Refusal(StatusCode.FailedPrecondition, "in use")
                : Task.CompletedTask;
        };

        await LookAsync();
        Stand.Cluster.IsAway = false;
        await LookAsync();

        Assert.Equal((1, 0), (Expansions, Stand.Cluster.ClaimPatches.Count));
        await Stand.Csi.Events.StartAsync(Cancellation);
        await Stand.Cluster.UntilEventAsync(
            Stand.Pod, "VolumeResizeFailed",
            "NodeExpandVolume.NodeExpandVolume failed to resize volume for volume \"pv\" : volume resizing failed " +
            "for unknown reason");
        await Stand.Csi.Events.StopAsync(Cancellation);
    }

    [Fact]
    public async Task That_it_has_failed_is_told_once()
    {
        await MountedAsync();
        PutClaim("NodeResizeError", "NodeResizeInProgress", allocated: "2Gi");
        Driver.Refuse("NodeExpandVolume", StatusCode.Internal, "no");

        await LookAsync();

        Assert.Equal((1, 0), (Expansions, Stand.Cluster.ClaimPatches.Count));
    }

    [Fact]
    public async Task Of_pods_that_share_a_volume_one_has_it_expanded_for_all()
    {
        await MountedAsync();
        await SetUpOtherAsync();
        PutClaim(resize: "NodeResizeInProgress", allocated: "2Gi");
        Driver.Abilities.Add(Ability.GetVolumeStats);
        var (underWay, isOtherLookedAt) = (0, new TaskCompletionSource());
        Driver.Mood = (method, cancellation) =>
        {
            if (method == "NodeGetVolumeStats")
            {
                isOtherLookedAt.TrySetResult(); // comes last for each of them
            }

            return method != "NodeExpandVolume" ? Task.CompletedTask
                : Interlocked.Increment(ref underWay) == 1 ? isOtherLookedAt.Task.WaitAsync(cancellation)
                : throw FakeCsiDriver.Refusal(StatusCode.Aborted, "an operation is under way");
        };

        await LookAsync();
        await LookAsync();

        Assert.Equal(1, Expansions);
        Assert.Equal([EndedFollowed], Patches);
    }

    [Fact]
    public async Task Of_pods_that_share_a_volume_one_hears_that_it_failed()
    {
        await MountedAsync();
        await SetUpOtherAsync();
        Driver.Refuse("NodeExpandVolume", StatusCode.Internal, "no");

        await LookAsync();
        Assert.Equal(1, Expansions);

        await Stand.Manager.TearDownAsync(Stand.Pod.Metadata.Uid, Cancellation);
        Stand.Time.Now += RetryDelay.First;
        var now = Stand.Time.GetSteadyTime();
        Assert.Equal(now + (2 * RetryDelay.First), await Stand.Csi.Upkeep.RoundAsync(Cancellation));
        Assert.Equal(2, Expansions);
    }

    [Fact]
    public async Task That_it_failed_here_is_taken_back_where_another_node_has_shown_the_size()
    {
        await MountedAsync();
        PutClaim("NodeResizeError", shows: "2Gi", allocated: "2Gi");

        await LookAsync();

        Assert.Equal(1, Expansions);
        Assert.Equal(
            ["{\"status\":{\"conditions\":[{\"$patch\":\"delete\",\"type\":\"NodeResizeError\"}]}}"], Patches);
    }

    private static string Failed(string colon, StatusCode code, string resize = "", string says = "no") =>
        "{\"status\":{" + resize + "\"conditions\":[{\"type\":\"NodeResizeError\",\"status\":\"True\"," +
        "\"lastTransitionTime\":\"NOW\",\"message\":\"failed to expand pvc with Expander.NodeExpand failed to expand " +
        $"the volume {colon}rpc error: code = {code} desc = {says}\"}}]}}}}";

    private IEnumerable<string> Patches => Stand.Cluster.ClaimPatches.Select(
        p => p.Patch.Replace(Stand.Time.Now.ToApiText(), "NOW", StringComparison.Ordinal));

    private int Expansions => Driver.Calls.Count(static c => c == "NodeExpandVolume");

    /// <summary>A volume that had 1Gi when it was mounted and looked at, and has 2Gi since.</summary>
    private async Task MountedAsync()
    {
        Driver.Abilities.Add(Ability.ExpandVolume);
        var volume = Bound();
        await Stand.SetUpAsync(Claimed());
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        volume.Spec.Capacity = Size("2Gi");
    }

    private async Task LookAsync()
    {
        Stand.Time.Now += CsiPublished.Period;
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
    }

    private sealed record Case(
        string Shows, string? Allocated, string? Resize, StatusCode? Refusal, int Calls, string[] Patches);
}
