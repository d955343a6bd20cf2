using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;
using Mode = OrleansOrchestrator.NodeAgent.Csi.V1.VolumeCapability.Types.AccessMode.Types.Mode;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>Volumes of a driver: what it is asked for, when, and what is left.</summary>
public sealed class CsiVolumesTests : CsiTestBed
{
    [Fact]
    public async Task A_volume_is_staged_and_published_and_with_its_pod_it_goes()
    {
        Bound(v => v.Spec.MountOptions = ["noatime"]);

        Assert.Equal(Target, await Stand.SetUpAsync(Claimed()));

        var stage = Driver.Last<NodeStageVolumeRequest>();
        var publish = Driver.Last<NodePublishVolumeRequest>();
        Assert.Equal((Handle, Staging), (stage.VolumeId, stage.StagingTargetPath));
        Assert.Equal((Handle, Staging, Target), (publish.VolumeId, publish.StagingTargetPath, publish.TargetPath));
        var mount = stage.VolumeCapability.Mount;
        Assert.Equal(("ext4", "noatime"), (mount.FsType, mount.MountFlags.Single()));
        Assert.Equal(stage.VolumeCapability, publish.VolumeCapability);
        Assert.Equal(Mode.SingleNodeWriter, publish.VolumeCapability.AccessMode.Mode);
        Assert.Equal("b", publish.VolumeContext["a"]);
        Assert.True(MountPoints.Contains(Target));
        Assert.Equal(
            new CsiVolumeData
            {
                Driver = FakeCsiDriver.Name, Handle = Handle, Name = "pv", LifecycleMode = "Persistent", Node = "n",
                Attachment = CsiPlaces.AttachmentName(Handle, FakeCsiDriver.Name, "n"),
            },
            CsiPlaces.Read(Target));

        await TearDownAsync();

        Assert.Equal(Whole, Driver.Calls);
        Assert.False(Directory.Exists(Path.GetDirectoryName(Staging)));
        Assert.False(Directory.Exists(Stand.Paths.Pod(Stand.Pod.Metadata.Uid)));
    }

    [Fact]
    public async Task What_is_mounted_is_not_asked_for_again()
    {
        Bound();
        await Stand.SetUpAsync(Claimed());

        Assert.Equal(Target, await Stand.SetUpAsync(Claimed()));

        Assert.Equal(Whole[..2], Driver.Calls);
    }

    [Fact]
    public async Task A_claim_that_a_pod_has_twice_is_mounted_once()
    {
        Bound();
        var again = Claimed();
        again.Name = "again";

        var places = await SetUpBothAsync(again, Cancellation);

        Assert.Equal((Target, Target), (places["v"], places["again"]));
        Assert.Equal(Whole[..2], Driver.Calls);
    }

    [Fact]
    public async Task One_that_waits_for_its_attachment_does_not_hold_up_the_others()
    {
        Define(static d => d.AttachRequired = true);
        Bound();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var all = SetUpBothAsync(
            new V1Volume { Name = "scratch", EmptyDir = new V1EmptyDirVolumeSource() }, stop.Token);

        Assert.True(Directory.Exists(
            Stand.Paths.Volume(Stand.Pod.Metadata.Uid, VolumePlugins.EmptyDir, "scratch")));
        Assert.False(all.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all);
    }

    /// <summary>The claim, and after it another volume.</summary>
    private Task<Dictionary<string, string>> SetUpBothAsync(V1Volume other, CancellationToken cancellationToken)
    {
        Stand.Pod.Spec.Volumes = [Claimed(), other];
        Stand.Container.VolumeMounts =
        [
            .. Stand.Pod.Spec.Volumes.Select(static v => new V1VolumeMount { Name = v.Name, MountPath = $"/{v.Name}" }),
        ];
        return Stand.Manager.SetUpAsync(Stand.Pod, Facts(), cancellationToken);
    }

    [Fact]
    public async Task Two_pods_share_what_is_staged_until_the_last_has_gone()
    {
        Bound();
        await Stand.SetUpAsync(Claimed());
        var other = await SetUpOtherAsync();

        await TearDownAsync();
        Assert.Equal([Whole[0], Whole[1], Whole[1], Whole[2]], Driver.Calls);

        await Stand.Manager.TearDownAsync(other.Metadata.Uid, Cancellation);
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        Assert.Equal([Whole[2], Whole[3]], Driver.Calls.TakeLast(2));
    }

    [Fact]
    public async Task A_node_that_starts_again_asks_anew_and_takes_down_what_pods_have_left()
    {
        Bound();
        await Stand.SetUpAsync(Claimed());

        Stand.Restart();
        Assert.Equal([UniqueName], Stand.Csi.InUse.Names([UniqueName, "another"]));
        var early = await Assert.ThrowsAsync<IOException>(
            () => Stand.Manager.TearDownAsync(Stand.Pod.Metadata.Uid, Cancellation));
        Assert.Equal(
            "UnmountVolume.TearDown failed for volume \"pv\" : kubernetes.io/csi: Unmounter.TearDownAt failed to get " +
            "CSI client: driver name fake.csi.example.com not found in the list of registered CSI drivers",
            early.Message);
        Assert.True(MountPoints.Contains(Target));
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        Assert.Equal(Whole[..2], Driver.Calls); // what a pod has here is in use

        await Stand.Csi.RegisterAsync(Driver, Cancellation);
        await Stand.SetUpAsync(Claimed());
        Assert.Equal([Whole[0], Whole[1], Whole[0], Whole[1]], Driver.Calls);

        Stand.Restart();
        await Stand.Csi.RegisterAsync(Driver, Cancellation);
        await TearDownAsync();
        Assert.Equal(Whole[2..], Driver.Calls.TakeLast(2));
        Assert.Empty(Stand.Csi.InUse.Names([UniqueName]));
    }

    [Fact]
    public async Task A_driver_that_is_not_there_is_told_of()
    {
        Stand.Restart();
        Bound();

        Assert.Equal(
            "MountVolume.MountDevice failed for volume \"pv\" : kubernetes.io/csi: attacher.MountDevice failed to " +
            "create newCsiDriverClient: driver name fake.csi.example.com not found in the list of registered CSI " +
            "drivers",
            await RefusedAsync(Claimed()));

        await Stand.Csi.RegisterAsync(Driver, Cancellation);
        Assert.Equal(Target, await Stand.SetUpAsync(Claimed())); // at once
    }

    [Theory]
    [InlineData("NodeStageVolume", "MountVolume.MountDevice")]
    [InlineData("NodePublishVolume", "MountVolume.SetUp")]
    public async Task A_driver_that_refuses_is_left_alone_for_a_while_that_grows(string method, string stage)
    {
        Bound();
        Driver.Refuse(method, StatusCode.Internal, "no disk");
        var told = $"{stage} failed for volume \"pv\" : rpc error: code = Internal desc = no disk";

        Assert.Equal(told, await RefusedAsync(Claimed()));
        Assert.Equal(told, await RefusedAsync(Claimed()));
        Assert.Equal(1, Driver.Calls.Count(c => c == method));

        Stand.Time.Now += RetryDelay.First;
        Assert.Equal(told, await RefusedAsync(Claimed()));
        Stand.Time.Now += RetryDelay.First;
        Assert.Equal(told, await RefusedAsync(Claimed()));
        Assert.Equal(2, Driver.Calls.Count(c => c == method));
        Assert.False(Directory.Exists(Path.GetDirectoryName(Target)));

        Driver.Mood = static (_, _) => Task.CompletedTask;
        Stand.Time.Now += RetryDelay.First;
        Assert.Equal(Target, await Stand.SetUpAsync(Claimed()));
        await TearDownAsync();
        Assert.Equal(Whole[2..], Driver.Calls.TakeLast(2));
    }

    [Theory]
    [InlineData(StatusCode.Aborted, true)]
    [InlineData(StatusCode.Unavailable, true)]
    [InlineData(StatusCode.InvalidArgument, false)]
    public async Task What_a_driver_may_still_be_at_is_taken_down_with_the_pod(StatusCode code, bool isUncertain)
    {
        Bound();
        Driver.Refuse("NodeStageVolume", code, "busy", once: true);
        await RefusedAsync(Claimed());

        await TearDownAsync();

        Assert.Equal(isUncertain ? [Whole[0], Whole[3]] : Whole[..1], Driver.Calls);
        Assert.False(Directory.Exists(Path.GetDirectoryName(Staging)));
    }

    [Fact]
    public async Task A_driver_that_cannot_unmount_keeps_the_pod_and_one_that_cannot_unstage_does_not()
    {
        Bound();
        await Stand.SetUpAsync(Claimed());
        Driver.Refuse("NodeUnpublishVolume", StatusCode.Internal, "held", once: true);
        var held = await Assert.ThrowsAsync<IOException>(
            () => Stand.Manager.TearDownAsync(Stand.Pod.Metadata.Uid, Cancellation));
        Assert.EndsWith("Unmounter.TearDownAt failed: rpc error: code = Internal desc = held", held.Message);
        Assert.True(MountPoints.Contains(Target));

        Driver.Refuse("NodeUnstageVolume", StatusCode.Internal, "held", once: true);
        await Stand.Manager.TearDownAsync(Stand.Pod.Metadata.Uid, Cancellation);
        var retry = await Stand.Csi.Upkeep.RoundAsync(Cancellation);
        Assert.Equal(Stand.Time.GetSteadyTime() + RetryDelay.First, retry);
        Assert.Equal(retry, await Stand.Csi.Upkeep.RoundAsync(Cancellation)); // not before
        Assert.Equal(1, Driver.Calls.Count(c => c == "NodeUnstageVolume"));

        Stand.Time.Now += RetryDelay.First;
        Assert.Null(await Stand.Csi.Upkeep.RoundAsync(Cancellation));
        Assert.False(Directory.Exists(Path.GetDirectoryName(Staging)));
    }

    [Fact]
    public async Task A_pod_that_goes_does_not_wait_for_a_driver_that_hangs()
    {
        Bound();
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Driver.Mood = (method, gone) =>
        {
            if (method != "NodePublishVolume")
            {
                return Task.CompletedTask;
            }

            hangs.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone);
        };
        Stand.Pod.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }];
        Stand.Pod.Spec.Volumes = [Claimed()];
        using var step = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var setUp = Stand.Manager.SetUpAsync(Stand.Pod, Facts(), step.Token);
        await hangs.Task.WaitAsync(Cancellation);

        await step.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => setUp);
        Driver.Mood = static (_, _) => Task.CompletedTask;
        await TearDownAsync();
        Assert.Equal(Whole, Driver.Calls);
    }

    [Fact]
    public async Task Secrets_go_to_the_steps_that_refer_to_them()
    {
        Bound(v =>
        {
            v.Spec.Csi.NodeStageSecretRef = new V1SecretReference { NamespaceProperty = "vault", Name = "stage" };
            v.Spec.Csi.NodePublishSecretRef = new V1SecretReference { NamespaceProperty = "vault", Name = "publish" };
        });
        Assert.Equal(
            "MountVolume.MountDevice failed for volume \"pv\" : fetching NodeStageSecretRef vault/stage failed: " +
            "kubernetes.io/csi: failed to find the secret stage in the namespace vault with error: secrets \"stage\" " +
            "not found", await RefusedAsync(Claimed()));
        PutSecret("vault", "stage", "s1");
        PutSecret("vault", "publish", "s2");
        Stand.Time.Now += RetryDelay.First;

        await Stand.SetUpAsync(Claimed());

        Assert.Equal("s1", Driver.Last<NodeStageVolumeRequest>().Secrets["key"]);
        Assert.Equal("s2", Driver.Last<NodePublishVolumeRequest>().Secrets["key"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_driver_that_asks_for_it_learns_of_the_pod_and_gets_tokens(bool areSecrets)
    {
        Define(s =>
        {
            (s.PodInfoOnMount, s.ServiceAccountTokenInSecrets) = (true, areSecrets);
            s.TokenRequests = [new Storagev1TokenRequest { Audience = "vault", ExpirationSeconds = 3600 }];
        });
        Stand.Pod.Spec.ServiceAccountName = "robot";
        Bound();

        await Stand.SetUpAsync(Claimed());

        var request = Driver.Last<NodePublishVolumeRequest>();
        var info = request.VolumeContext.Where(c => c.Key.StartsWith("csi.storage.k8s.io/", StringComparison.Ordinal)
            && !c.Key.EndsWith("tokens", StringComparison.Ordinal)).OrderBy(c => c.Key, StringComparer.Ordinal);
        Assert.Equal(
            ["ephemeral=false", "pod.name=p", "pod.namespace=default", $"pod.uid={Stand.Pod.Metadata.Uid}",
                "serviceAccount.name=robot"],
            info.Select(c => $"{c.Key["csi.storage.k8s.io/".Length..]}={c.Value}"));
        const string key = "csi.storage.k8s.io/serviceAccount.tokens";
        Assert.StartsWith(
            "{\"vault\":{\"token\":\"token-1-robot\",\"expirationTimestamp\":\"20",
            (areSecrets ? request.Secrets : request.VolumeContext)[key], StringComparison.Ordinal);
        Assert.False((areSecrets ? request.VolumeContext : request.Secrets).ContainsKey(key));
        Assert.Null(Stand.Manager.NextRefresh(Stand.Pod.Metadata.Uid)); // told again only where the driver wants it
    }

    [Fact]
    public async Task A_volume_of_the_pods_own_lives_with_it()
    {
        Define(s => (s.VolumeLifecycleModes, s.PodInfoOnMount) = (["Ephemeral"], true));
        PutSecret("default", "own", "s");
        var volume = Inline();
        volume.Csi.NodePublishSecretRef = new V1LocalObjectReference { Name = "own" };

        var path = await Stand.SetUpAsync(volume);

        var request = Driver.Last<NodePublishVolumeRequest>();
        Assert.Equal(CsiPlaces.EphemeralHandle(Stand.Pod.Metadata.Uid, "v"), request.VolumeId);
        Assert.Equal(("", "true", "s"), (request.StagingTargetPath,
            request.VolumeContext["csi.storage.k8s.io/ephemeral"], request.Secrets["key"]));
        Assert.Equal(Stand.Paths.CsiVolume(Stand.Pod.Metadata.Uid, "v") + "/mount", path);
        await TearDownAsync();
        Assert.Equal([Whole[1], Whole[2]], Driver.Calls);
    }

    [Fact]
    public async Task A_driver_has_volumes_of_the_ways_of_life_that_it_says()
    {
        Assert.Equal(
            "MountVolume.SetUp failed for volume \"v\" : kubernetes.io/csi: mounter.SetupAt failed to check volume " +
            "lifecycle mode: volume mode \"Ephemeral\" not supported by driver fake.csi.example.com (only supports " +
            "[\"Persistent\"])", await RefusedAsync(Inline()));
        Stand.Time.Now += RetryDelay.First;
        Stand.Cluster.CsiDrivers.Clear();
        Assert.EndsWith(
            "volume mode \"Ephemeral\" not supported by driver fake.csi.example.com (no CSIDriver object)",
            await RefusedAsync(Inline()));
        Assert.Empty(Driver.Calls);
    }

    /// <summary>What the volume's policy and kind say, and whether it becomes the pod's group's.</summary>
    [Theory]
    [InlineData("ReadWriteOnceWithFSType", "ext4", "ReadWriteOnce", false, true)]
    [InlineData("ReadWriteOnceWithFSType", "", "ReadWriteOnce", false, false)]
    [InlineData("ReadWriteOnceWithFSType", "ext4", "ReadWriteMany", false, false)]
    [InlineData("ReadWriteOnceWithFSType", "ext4", "ReadWriteOnce", true, false)]
    [InlineData("File", "", "ReadWriteMany", false, true)]
    [InlineData("None", "ext4", "ReadWriteOnce", false, false)]
    public async Task The_group_of_the_pod_gets_the_volume_by_the_drivers_policy(
        string policy, string fsType, string mode, bool isReadOnly, bool isGiven)
    {
        const long group = 4321;
        Stand.Pod.Spec.SecurityContext.FsGroup = group;
        Define(s => s.FsGroupPolicy = policy);
        Bound(v => (v.Spec.Csi.FsType, v.Spec.AccessModes) = (fsType, [mode]));

        await Stand.SetUpAsync(Claimed(isReadOnly));

        Assert.Equal(isGiven, Linux.GroupOf(Target) == group);
        Assert.Equal(isReadOnly, Driver.Last<NodePublishVolumeRequest>().Readonly);
    }

    [Fact]
    public async Task A_driver_that_sees_to_the_group_itself_is_told_of_it()
    {
        Stand.Pod.Spec.SecurityContext.FsGroup = 4321;
        Driver.Abilities.UnionWith([Ability.VolumeMountGroup, Ability.SingleNodeMultiWriter]);
        Bound();

        await Stand.SetUpAsync(Claimed());

        var capability = Driver.Last<NodePublishVolumeRequest>().VolumeCapability;
        Assert.Equal("4321", capability.Mount.VolumeMountGroup);
        Assert.Equal(Mode.SingleNodeMultiWriter, capability.AccessMode.Mode);
        Assert.Equal(capability, Driver.Last<NodeStageVolumeRequest>().VolumeCapability);
        Assert.Equal(0, Linux.GroupOf(Target));
    }

    [Fact]
    public async Task A_driver_that_does_not_stage_only_publishes()
    {
        Driver.Abilities.Clear();
        Bound();

        await Stand.SetUpAsync(Claimed());
        Assert.Equal("", Driver.Last<NodePublishVolumeRequest>().StagingTargetPath);
        Assert.NotNull(CsiPlaces.Read(Staging));

        await TearDownAsync();
        Assert.Equal(Whole[1..3], Driver.Calls);
        Assert.False(Directory.Exists(Path.GetDirectoryName(Staging)));
    }

    [Fact]
    public async Task A_block_volume_is_a_device_that_the_driver_puts_there()
    {
        Driver.Device = await DeviceAsync();
        Block();

        var path = await Stand.SetUpAsync(Claimed(), isMounted: false);

        Assert.Equal(CsiPlaces.Target(Stand.Paths.CsiDevice(Stand.Pod.Metadata.Uid, "pv")), path);
        Assert.Equal(FileKind.BlockDevice, Linux.KindOf(path));
        var stage = Driver.Last<NodeStageVolumeRequest>();
        var publish = Driver.Last<NodePublishVolumeRequest>();
        Assert.Equal(
            (Staging, Staging, path), (stage.StagingTargetPath, publish.StagingTargetPath, publish.TargetPath));
        Assert.NotNull(stage.VolumeCapability.Block);
        Assert.Equal(stage.VolumeCapability, publish.VolumeCapability);

        await TearDownAsync();

        Assert.Equal(Whole, Driver.Calls);
        Assert.False(Directory.Exists(Path.GetDirectoryName(Staging)));
        Assert.False(Directory.Exists(Stand.Paths.Pod(Stand.Pod.Metadata.Uid)));
    }

    [Fact]
    public async Task A_group_of_the_pod_is_not_given_a_device()
    {
        Driver.Device = await DeviceAsync();
        Define(spec => spec.FsGroupPolicy = "File");
        Block();
        Stand.Pod.Spec.SecurityContext = new V1PodSecurityContext { FsGroup = 4321 };

        var path = await Stand.SetUpAsync(Claimed(), isMounted: false);

        var owner = await Commands.RunAsync("stat", ["-c", "%g", path], Cancellation);
        Assert.Equal("0", owner.Output.Trim());
        await TearDownAsync();
    }

    [Theory]
    [InlineData("NodeStageVolume", "MapVolume.SetUpDevice")]
    [InlineData("NodePublishVolume", "MapVolume.MapPodDevice")]
    public async Task A_block_volume_that_cannot_be_had_is_told_as_one(string method, string stage)
    {
        Block();
        Driver.Refuse(method, StatusCode.Internal, "no");

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => Stand.SetUpAsync(Claimed(), isMounted: false));

        Assert.Equal(
            $"{stage} failed for volume \"pv\" : rpc error: code = Internal desc = no", refusal.Message);
        Assert.Equal(BlockDevices.FailedMap, refusal.Reason);
    }

    private void Block()
    {
        Bound(v => v.Spec.VolumeMode = "Block");
        Stand.Pod.Spec.Containers[0].VolumeDevices = [new V1VolumeDevice { Name = "v", DevicePath = "/dev/v" }];
    }

    private async Task<string> DeviceAsync()
    {
        var device = Stand.Outside("device");
        var made = await Commands.RunAsync("mknod", [device, "b", "7", "200"], Cancellation);
        Assert.SkipUnless(made.Succeeded, made.Error);
        return device;
    }
}
