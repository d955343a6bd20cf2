using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>PersistentVolumes in pods: what is mounted, whose it becomes, and what is said when nothing is.</summary>
public sealed class ClaimedVolumesTests : IDisposable
{
    private const long Group = 4321;
    private const string Unmounted =
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process " +
        "volumes=[v]: ";

    private readonly VolumeStand _stand = new();

    public ClaimedVolumesTests()
    {
        Directory.CreateDirectory(Data);
        _stand.Cluster.CsiDrivers["d.example.com"] = FakeCsiDriver.Definition();
        _stand.Node.Set(new V1Node
        {
            Metadata = new V1ObjectMeta { Name = "n", Labels = new Dictionary<string, string> { ["zone"] = "here" } },
        });
    }

    private string Data => _stand.Outside("data");

    public void Dispose() => _stand.Dispose();

    private static V1Volume Claimed(bool isReadOnly = false) => new()
    {
        Name = "v",
        PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource
        {
            ClaimName = "c", ReadOnlyProperty = isReadOnly,
        },
    };

    /// <summary>A claim that is bound to a volume of the directory, with a change or without.</summary>
    private (V1PersistentVolumeClaim Claim, V1PersistentVolume Volume) Bound(
        Action<V1PersistentVolumeClaim, V1PersistentVolume>? change = null)
    {
        var claim = new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = "pv" },
            Status = new V1PersistentVolumeClaimStatus { Phase = "Bound" },
        };
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "pv", Uid = "volume-uid" },
            Spec = new V1PersistentVolumeSpec
            {
                Local = new V1LocalVolumeSource { Path = Data },
                ClaimRef = new V1ObjectReference { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
            },
        };
        change?.Invoke(claim, volume);
        _stand.Cluster.Put(claim);
        _stand.Cluster.Put(volume);
        return (claim, volume);
    }

    private static void Require(V1PersistentVolume volume, string zone) => volume.Spec.NodeAffinity = new()
    {
        Required = new V1NodeSelector
        {
            NodeSelectorTerms =
            [
                new V1NodeSelectorTerm
                {
                    MatchExpressions =
                    [
                        new V1NodeSelectorRequirement { Key = "zone", OperatorProperty = "In", Values = [zone] },
                    ],
                },
            ],
        },
    };

    private static V1PersistentVolumeSpec Source(V1PersistentVolume volume)
    {
        volume.Spec.Local = null;
        return volume.Spec;
    }

    /// <summary>What is wrong, what is said of it; the message's head is the pod's or the step's.</summary>
    private static readonly
        Dictionary<string, (Action<V1PersistentVolumeClaim, V1PersistentVolume> Change, string Says)> Problems = new()
        {
            ["deleted"] = ((c, _) => c.Metadata.DeletionTimestamp = DateTime.UnixEpoch,
                Unmounted + "error processing PVC default/c: PVC is being deleted"),
            ["pending"] = ((c, _) => c.Status.Phase = "Pending",
                Unmounted + "error processing PVC default/c: PVC is not bound"),
            ["no status"] = ((c, _) => c.Status = null, Unmounted + "error processing PVC default/c: PVC is not bound"),
            ["no name"] = ((c, _) => c.Spec.VolumeName = "",
                Unmounted + "error processing PVC default/c: PVC has empty pvc.Spec.VolumeName"),
            ["no volume"] = ((c, _) => c.Spec.VolumeName = "other",
                Unmounted + "error processing PVC default/c: failed to fetch PV other from API server: " +
                "persistentvolumes \"other\" not found"),
            ["unbound volume"] = ((_, v) => v.Spec.ClaimRef = null,
                Unmounted + "error processing PVC default/c: found PV object pv but it has a nil pv.Spec.ClaimRef " +
                "indicating it is not yet bound to the claim"),
            ["another's volume"] = ((_, v) => v.Spec.ClaimRef.Uid = "x",
                Unmounted + "error processing PVC default/c: found PV object pv but its pv.Spec.ClaimRef.UID x does " +
                "not point to claim.UID claim-uid"),
            ["block"] = ((_, v) => v.Spec.VolumeMode = "Block",
                Unmounted + "volume v has volumeMode Block, but is specified in volumeMounts"),
            ["no plugin"] = ((_, v) => Source(v).Rbd = new V1RBDPersistentVolumeSource(),
                Unmounted + "failed to get Plugin from volumeSpec for volume \"pv\" err=no volume plugin matched"),
            ["elsewhere"] = ((_, v) => Require(v, "there"),
                "MountVolume.NodeAffinity check failed for volume \"pv\" : no matching NodeSelectorTerms"),
            ["options"] = ((_, v) =>
                {
                    Source(v).HostPath = new V1HostPathVolumeSource { Path = "/" };
                    v.Spec.MountOptions = ["noatime"];
                },
                "MountVolume.MountOptionSupport check failed for volume \"pv\" : Mount options are not supported for " +
                "this volume type"),
            ["iscsi"] = ((_, v) => Source(v).Iscsi = new V1ISCSIPersistentVolumeSource(),
                "MountVolume.SetUp failed for volume \"pv\" : the node does not mount iscsi volumes"),
            ["csi"] = ((_, v) => Source(v).Csi =
                    new V1CSIPersistentVolumeSource { Driver = "d.example.com", VolumeHandle = "h" },
                "MountVolume.MountDevice failed for volume \"pv\" : kubernetes.io/csi: attacher.MountDevice failed " +
                "to create newCsiDriverClient: driver name d.example.com not found in the list of registered CSI " +
                "drivers"),
            ["migrated"] = ((_, v) => Source(v).AwsElasticBlockStore =
                    new V1AWSElasticBlockStoreVolumeSource(),
                "MountVolume.MountDevice failed for volume \"pv\" : kubernetes.io/csi: attacher.MountDevice failed " +
                "to create newCsiDriverClient: driver name ebs.csi.aws.com not found in the list of registered CSI " +
                "drivers"),
            ["missing"] = ((_, v) => v.Spec.Local.Path = "/nonexistent/d",
                "MountVolume.NewMounter initialization failed for volume \"pv\" : path \"/nonexistent/d\" does " +
                "not exist"),
            ["a file"] = ((_, v) => v.Spec.Local.Path = "/proc/version",
                "MountVolume.NewMounter initialization failed for volume \"pv\" : only directory and block device " +
                "are supported"),
            ["no such host path"] = ((_, v) => Source(v).HostPath =
                    new V1HostPathVolumeSource { Path = "/nonexistent/d", Type = "Directory" },
                "MountVolume.SetUp failed for volume \"pv\" : hostPath type check failed: /nonexistent/d is not " +
                "a directory"),
        };

    public static TheoryData<string> ProblemNames => [.. Problems.Keys];

    [Theory]
    [MemberData(nameof(ProblemNames))]
    public async Task What_cannot_be_mounted_is_refused_in_upstreams_words(string name)
    {
        Bound(Problems[name].Change);

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(Claimed()));

        Assert.Equal(Problems[name].Says, refusal.Message);
        Assert.Empty(MountPoints.Below(_stand.Options.PodsDirectory));
    }

    [Theory]
    [InlineData("none", "MapVolume.EvalHostSymlinks failed for volume \"pv\" : lstat PATH: no such file or directory")]
    [InlineData("data", "MapVolume.MapBlockVolume failed for volume \"pv\" : PATH is not a block device")]
    public async Task What_is_no_block_device_is_refused_as_a_failed_map(string name, string message)
    {
        Block((_, v) => v.Spec.Local.Path = _stand.Outside(name));

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(Claimed(), isMounted: false));

        Assert.Equal("FailedMapVolume", refusal.Reason);
        Assert.Equal(message.Replace("PATH", _stand.Outside(name), StringComparison.Ordinal), refusal.Message);
    }

    [Fact]
    public async Task A_kind_that_is_directories_only_has_no_devices()
    {
        Block((_, v) => Source(v).HostPath = new V1HostPathVolumeSource { Path = Data });

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(Claimed(), isMounted: false));

        Assert.Equal("FailedMapVolume", refusal.Reason);
        Assert.Equal(
            "MapVolume.FindMapperPluginBySpec failed for volume \"pv\" : failed to find BlockVolumeMapper plugin. " +
            "Volume plugin is nil.", refusal.Message);
    }

    [Theory]
    [InlineData(false, "mrw")]
    [InlineData(true, "r")]
    public async Task A_container_gets_the_block_device_that_a_claim_leads_to(bool isReadOnly, string permissions)
    {
        var (device, link) = (_stand.Outside("device"), _stand.Outside("link"));
        var made = await Commands.RunAsync(
            "mknod", [device, "b", "7", "200"], TestContext.Current.CancellationToken);
        Assert.SkipUnless(made.Succeeded, made.Error);
        File.CreateSymbolicLink(link, device);
        Block((_, v) =>
        {
            v.Spec.Local.Path = link;
            v.Spec.MountOptions = ["ro"]; // of no meaning to a device
        });

        var path = await _stand.SetUpAsync(Claimed(isReadOnly), isMounted: false);

        Assert.Equal(device, path);
        var given = Assert.Single(ContainerDevices.Of(
            _stand.Pod, _stand.Container, new Dictionary<string, string> { ["v"] = path }));
        Assert.Equal(
            (device, "/dev/x", permissions), (given.HostPath, given.ContainerPath, given.Permissions));
        Assert.Empty(MountPoints.Below(_stand.Options.PodsDirectory));
    }

    [Fact]
    public void A_device_needs_its_volume_and_a_whole_path()
    {
        var container = _stand.Container;
        container.VolumeDevices = [new V1VolumeDevice { Name = "v", DevicePath = "/dev/x" }];
        _stand.Pod.Spec.Volumes = [Claimed()];
        Assert.Equal("cannot find volume \"v\" to pass into container \"c\"", Refusal([]));

        container.VolumeDevices[0].DevicePath = "dev/x";
        Assert.Equal("error DevicePath `dev/x` must be an absolute path", Refusal(new() { ["v"] = "/dev/loop0" }));

        string Refusal(Dictionary<string, string> volumes) => Assert.Throws<ContainerConfigException>(
            () => ContainerDevices.Of(_stand.Pod, container, volumes).ToList()).Message;
    }

    private void Block(Action<V1PersistentVolumeClaim, V1PersistentVolume> change)
    {
        Bound((claim, volume) =>
        {
            volume.Spec.VolumeMode = "Block";
            change(claim, volume);
        });
        _stand.Container.VolumeDevices = [new V1VolumeDevice { Name = "v", DevicePath = "/dev/x" }];
    }

    [Fact]
    public async Task A_directory_is_mounted_and_survives_the_agent_and_its_claims_end()
    {
        var (claim, _) = Bound((_, v) => Require(v, "here"));
        await File.WriteAllTextAsync(Path.Combine(Data, "f"), "kept");

        var path = await _stand.SetUpAsync(Claimed());
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(path, "f")));
        await File.WriteAllTextAsync(Path.Combine(path, "g"), "written");

        claim.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        Assert.Equal(path, await _stand.SetUpAsync(Claimed()));
        claim.Metadata.DeletionTimestamp = null;
        _stand.Restart();
        Assert.Equal(path, await _stand.SetUpAsync(Claimed()));
        Assert.Single(MountPoints.AtOrBelow(path));

        await _stand.Manager.TearDownAsync(_stand.Pod.Metadata.Uid, TestContext.Current.CancellationToken);
        Assert.False(Path.Exists(_stand.Paths.Pod(_stand.Pod.Metadata.Uid)));
        Assert.Equal(["f", "g"], Directory.GetFiles(Data).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_host_path_is_handed_on_as_it_is()
    {
        Bound((_, v) => Source(v).HostPath = new V1HostPathVolumeSource { Path = Data, Type = "Directory" });
        _stand.Pod.Spec.SecurityContext.FsGroup = Group;

        Assert.Equal(Data, await _stand.SetUpAsync(Claimed()));

        Assert.Equal(0, Linux.GroupOf(Data)); // upstream gives no host path to a group
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public async Task A_claim_or_a_mount_can_be_for_reading_only(bool claim, bool mount, bool expected)
    {
        Bound();
        var path = await _stand.SetUpAsync(Claimed(claim));

        var made = _stand.Mount(path, new V1VolumeMount { Name = "v", MountPath = "/m", ReadOnlyProperty = mount });

        Assert.Equal(expected, made.Readonly);
    }

    [Theory]
    [InlineData("p-v", true, null)]
    [InlineData("p-v", false, "PVC default/p-v was not created for pod default/p (pod is not owner)")]
    public async Task An_ephemeral_volumes_claim_is_the_pods_own(string name, bool isOwn, string? problem)
    {
        Bound((c, v) =>
        {
            (c.Metadata.Name, v.Spec.ClaimRef.Name) = (name, name);
            var owner = isOwn ? _stand.Pod.Metadata.Uid : "another";
            c.Metadata.OwnerReferences = [new V1OwnerReference { Controller = true, Uid = owner }];
        });
        var volume = new V1Volume { Name = "v", Ephemeral = new V1EphemeralVolumeSource() };

        if (problem is null)
        {
            Assert.True(MountPoints.Contains(await _stand.SetUpAsync(volume)));
            return;
        }

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(volume));
        Assert.Equal(Unmounted + problem, refusal.Message);
    }

    [Fact]
    public async Task ReadWriteOncePod_is_for_one_pod()
    {
        Bound((_, v) => v.Spec.AccessModes = ["ReadWriteOncePod"]);
        await _stand.SetUpAsync(Claimed());
        _stand.Restart();
        _stand.Pod.Metadata.Uid = "another";

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(Claimed()));

        Assert.Equal(
            "MountVolume.SetUp failed for volume \"pv\" : volume uses the ReadWriteOncePod access mode and is " +
            "already in use by another pod",
            refusal.Message);
    }

    /// <summary>Everything gets the group and may be written by it; a link keeps what it leads to as it was.</summary>
    [Theory]
    [InlineData(null, false, true)]
    [InlineData("Always", false, true)]
    [InlineData("OnRootMismatch", false, false)]
    [InlineData("Always", true, false)]
    public async Task A_group_gets_the_volume(string? policy, bool isReadOnly, bool changes)
    {
        const UnixFileMode bare = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode shared = bare | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
            | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;
        Bound();
        var host = _stand.Outside("precious");
        await File.WriteAllTextAsync(host, "");
        File.SetUnixFileMode(host, UnixFileMode.UserRead);
        File.CreateSymbolicLink(Path.Combine(Data, "link"), host);
        Directory.CreateDirectory(Path.Combine(Data, "d"), bare);
        await File.WriteAllTextAsync(Path.Combine(Data, "d", "f"), "");
        File.SetUnixFileMode(Path.Combine(Data, "d", "f"), UnixFileMode.UserRead);
        if (policy == "OnRootMismatch")
        {
            Linux.ChangeOwner(Data, -1, Group);
            File.SetUnixFileMode(Data, shared);
        }

        _stand.Pod.Spec.SecurityContext.FsGroup = Group;
        _stand.Pod.Spec.SecurityContext.FsGroupChangePolicy = policy;

        await _stand.SetUpAsync(Claimed(isReadOnly));

        Assert.Equal(changes ? Group : 0, Linux.GroupOf(Path.Combine(Data, "d", "f")));
        Assert.Equal(changes ? shared : bare, File.GetUnixFileMode(Path.Combine(Data, "d")));
        Assert.Equal(
            changes
                ? UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
                : UnixFileMode.UserRead,
            File.GetUnixFileMode(Path.Combine(Data, "d", "f")));
        Assert.Equal(0, Linux.GroupOf(host));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(host));
    }

    [Fact]
    public async Task While_others_have_it_mounted_a_volume_keeps_its_group()
    {
        Bound();
        _stand.Pod.Spec.SecurityContext.FsGroup = Group;
        await _stand.SetUpAsync(Claimed());
        _stand.Pod.Metadata.Uid = "another";
        _stand.Pod.Spec.SecurityContext.FsGroup = Group + 1;

        await _stand.SetUpAsync(Claimed());

        Assert.Equal(Group, Linux.GroupOf(Data));
        await _stand.Csi.Events.StartAsync(TestContext.Current.CancellationToken);
        await _stand.Cluster.UntilEventAsync(
            _stand.Pod, "AlreadyMountedVolume",
            "The requested fsGroup is 4322, but the volume pv has GID 4321. The volume may not be shareable.");
        await _stand.Csi.Events.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_directory_is_mounted_as_its_volume_wants_it()
    {
        Bound((_, v) => v.Spec.MountOptions = ["noexec", "nodev", "noexec"]);

        var path = await _stand.SetUpAsync(Claimed());

        Assert.Equal(["nodev", "noexec"], (await OptionsAsync(path)).Intersect(["nodev", "noexec"]));
        Assert.Equal(path, await _stand.SetUpAsync(Claimed()));
    }

    private static async Task<string[]> OptionsAsync(string place) =>
        (await File.ReadAllLinesAsync("/proc/self/mountinfo", TestContext.Current.CancellationToken))
            .Select(static l => l.Split(' ')).Single(f => f[4] == place)[5].Split(',');

    [Fact]
    public async Task Options_that_fail_leave_nothing_mounted_and_those_of_what_is_mounted_are_not_set_again()
    {
        Bound((_, v) => v.Spec.MountOptions = ["noexec"]);
        UseMount("false");
        await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(Claimed()));
        Assert.Empty(MountPoints.Below(_stand.Options.PodsDirectory));

        UseMount("mount");
        var path = await _stand.SetUpAsync(Claimed());
        UseMount("false");
        Assert.Equal(path, await _stand.SetUpAsync(Claimed()));

        void UseMount(string command)
        {
            _stand.MountCommand = command;
            _stand.Restart();
        }
    }

    [Fact]
    public async Task What_an_ended_agent_did_not_finish_is_mounted_anew_and_shared_with_nobody()
    {
        Bound((_, v) => v.Spec.MountOptions = ["noexec"]);
        var place = _stand.Paths.Volume("another", "local-volume", "pv");
        OwnFiles.MakePrivate(place);
        Linux.Mount(Data, place, "", Linux.MountBind, "");
        await File.WriteAllTextAsync(LocalMounts.UnfinishedNote(place), "");
        _stand.Pod.Spec.SecurityContext.FsGroup = Group;
        await _stand.SetUpAsync(Claimed());
        Assert.Equal(Group, Linux.GroupOf(Data));

        _stand.Pod.Metadata.Uid = "another";
        await _stand.SetUpAsync(Claimed());

        Assert.Contains("noexec", await OptionsAsync(place));
        Assert.Single(MountPoints.AtOrBelow(place));
    }

    /// <summary>The options fail unless the note is there when they are set.</summary>
    [Fact]
    public async Task What_is_not_whole_yet_is_noted_until_it_is()
    {
        Bound((_, v) => v.Spec.MountOptions = ["noexec"]);
        var note = LocalMounts.UnfinishedNote(_stand.Paths.Volume(_stand.Pod.Metadata.Uid, "local-volume", "pv"));
        _stand.MountCommand = _stand.Outside("mount");
        await File.WriteAllTextAsync(_stand.MountCommand, $"#!/bin/sh\ntest -e {note} && exec mount \"$@\"\n");
        File.SetUnixFileMode(_stand.MountCommand, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _stand.Restart();

        Assert.Contains("noexec", await OptionsAsync(await _stand.SetUpAsync(Claimed())));
        Assert.False(File.Exists(note));
    }

    /// <summary>The second comes while the first looks whether others have the volume.</summary>
    [Fact]
    public async Task Of_two_pods_at_once_the_second_shares_the_group_of_the_first()
    {
        var (_, volume) = Bound();
        var (first, second, other) = (_stand.Outside("first"), _stand.Outside("second"), Task.FromResult(""));
        await MountAsync(first, Group, () =>
        {
            other = MountAsync(second, Group + 1, () => MountPoints.Among([first]));
            return MountPoints.Among([second]);
        });
        await other;

        Assert.Equal(Group, Linux.GroupOf(Data));

        Task<string> MountAsync(string place, long group, Func<IEnumerable<string>> others) =>
            _stand.Locals.MountAsync(
                new V1Pod
                {
                    Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default", Uid = place },
                    Spec = new V1PodSpec { SecurityContext = new V1PodSecurityContext { FsGroup = group } },
                },
                volume, place, false, others, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("777", null, 777L)]
    [InlineData("777", 777L, null)]
    [InlineData("777", 555L, 777L)]
    [InlineData("", null, null)]
    [InlineData("a", null, null)]
    public async Task A_volumes_group_is_its_pods_too(string annotation, long? own, long? given)
    {
        Bound((_, v) => v.Metadata.Annotations =
            new Dictionary<string, string> { ["pv.beta.kubernetes.io/gid"] = annotation });
        _stand.Pod.Spec.SecurityContext.SupplementalGroups = own is null ? null : [own];
        Assert.Empty(_stand.Claims.GroupsOf(_stand.Pod));

        await _stand.SetUpAsync(Claimed());

        Assert.Equal(given is null ? [] : [given.Value], _stand.Claims.GroupsOf(_stand.Pod));
        _stand.Claims.Forget(_stand.Pod.Metadata.Uid);
        Assert.Empty(_stand.Claims.GroupsOf(_stand.Pod));
    }
}
