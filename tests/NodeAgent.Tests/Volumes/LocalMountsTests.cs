using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>Local volumes that are block devices, of which pods get the file system.</summary>
public sealed class LocalMountsTests : IAsyncLifetime
{
    private const long Group = 4321;
    private const long DeviceBytes = 16 << 20;

    private readonly VolumeStand _stand = new();
    private string _device = "";
    private string _whyNone = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var file = _stand.Outside("disk");
        await using (var disk = File.Create(file))
        {
            disk.SetLength(DeviceBytes);
        }

        await TakeDeviceAsync(file);
        _stand.Cluster.Put(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = "pv" },
            Status = new V1PersistentVolumeClaimStatus { Phase = "Bound" },
        });
    }

    public async ValueTask DisposeAsync()
    {
        TestMounts.UnmountBelow(_stand.Options.PodsDirectory);
        if (_device.Length > 0)
        {
            await Commands.RunAsync("losetup", ["-d", _device], CancellationToken.None);
        }

        _stand.Dispose();
    }

    /// <summary>Somebody else may take what was free just now.</summary>
    private async Task TakeDeviceAsync(string file)
    {
        for (var tries = 0; tries < 5 && _device.Length == 0; tries++)
        {
            var made = await Commands.RunAsync("losetup", ["-f", "--show", file], Cancellation);
            (_device, _whyNone) = made.Succeeded ? (made.Output.TrimEnd(), "") : ("", made.Output);
        }
    }

    [Fact]
    public async Task A_device_gets_a_file_system_once_and_pods_share_it()
    {
        Bound(fsType: null);
        _stand.Pod.Spec.SecurityContext.FsGroup = Group;

        var first = await _stand.SetUpAsync(Claimed());
        await File.WriteAllTextAsync(Path.Combine(first, "f"), "kept", Cancellation);
        Assert.Equal(
            (_device, "ext4"),
            MountPoints.FileSystems().Where(f => f.Path == first).Select(static f => (f.Source, f.Type)).Single());
        Assert.Equal(Group, Linux.GroupOf(first));

        var pod = _stand.Pod.Metadata.Uid;
        _stand.Pod.Metadata.Uid = "another";
        var second = await _stand.SetUpAsync(Claimed(isReadOnly: true));
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(second, "f"), Cancellation));
        await _stand.Manager.TearDownAsync("another", Cancellation);
        await _stand.Manager.TearDownAsync(pod, Cancellation);
        Assert.DoesNotContain(MountPoints.FileSystems(), f => f.Source == _device);

        first = await _stand.SetUpAsync(Claimed());
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(first, "f"), Cancellation));
        Assert.Equal(("default", "c", first), Assert.Single(_stand.Claims.InUse));
    }

    [Fact]
    public async Task Nothing_is_made_on_a_device_that_is_only_read()
    {
        Bound(fsType: "ext4");

        Assert.Equal(
            $"MountVolume.MountDevice failed for volume \"pv\" : local: failed to mount device {_device} at {Place} " +
            $"(fstype: ext4), error cannot mount unformatted disk {_device} as we are manipulating it in read-only " +
            "mode",
            await RefusedAsync(Claimed(isReadOnly: true)));
        Assert.Equal("", await TypeAsync());
    }

    [Fact]
    public async Task A_device_that_holds_something_else_is_left_as_it_is()
    {
        Bound(fsType: "ext4");
        await Commands.RunAsync("mkswap", [_device], Cancellation);

        Assert.StartsWith(
            $"MountVolume.MountDevice failed for volume \"pv\" : local: failed to mount device {_device} at {Place} " +
            "(fstype: ext4), error mount failed: exit status ",
            await RefusedAsync(Claimed()));
        Assert.Equal("swap", await TypeAsync());
    }

    [Fact]
    public async Task What_cannot_be_made_is_told()
    {
        Bound(fsType: "ext4");
        await using (var disk = File.OpenWrite(_stand.Outside("disk")))
        {
            disk.SetLength(0);
        }

        await Commands.RunAsync("losetup", ["-c", _device], Cancellation);

        Assert.Contains(
            $"error format of disk \"{_device}\" failed: type:(\"ext4\") target:(\"{Place}\") " +
            "options:([\"defaults\"]) errcode:(exit status 1) output:(",
            await RefusedAsync(Claimed()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_makes_no_file_system_is_told_with_the_device_and_its_place()
    {
        Bound(fsType: "nosuch");

        Assert.StartsWith(
            $"MountVolume.MountDevice failed for volume \"pv\" : local: failed to mount device {_device} at {Place} " +
            "(fstype: nosuch), error ",
            await RefusedAsync(Claimed()));
    }

    [Fact]
    public async Task A_mounted_volume_keeps_the_group_that_its_pod_gives_it()
    {
        Bound(fsType: null);
        _stand.Pod.Spec.SecurityContext.FsGroup = Group;
        var place = await _stand.SetUpAsync(Claimed());
        Linux.ChangeOwner(place, -1, Group + 1);

        _stand.Restart();
        await _stand.SetUpAsync(Claimed());

        Assert.Equal(Group + 1, Linux.GroupOf(place));
    }

    [Fact]
    public async Task A_device_whose_group_an_ended_agent_owes_is_mounted_anew()
    {
        Bound(fsType: null);
        await _stand.SetUpAsync(Claimed());
        await File.WriteAllTextAsync(LocalMounts.UnfinishedNote(Place), "", Cancellation);
        _stand.Restart();
        _stand.Pod.Spec.SecurityContext.FsGroup = Group;

        await _stand.SetUpAsync(Claimed());

        Assert.Equal(Group, Linux.GroupOf(Place));
        Assert.Single(MountPoints.AtOrBelow(Place));
    }

    /// <summary>Whoever looked at it would find nothing there any more, and make a file system.</summary>
    [Fact]
    public async Task A_device_that_is_mounted_by_another_name_is_not_touched()
    {
        var volume = Bound(fsType: null);
        await _stand.SetUpAsync(Claimed());
        var number = Linux.NumberOf(_device)!.Value;
        volume.Spec.Local.Path = _stand.Outside("alias");
        await Commands.RunAsync(
            "mknod", [volume.Spec.Local.Path, "b", $"{number.Major}", $"{number.Minor}"], Cancellation);
        string[] unmark = ["if=/dev/zero", $"of={_device}", "bs=1", "seek=1080", "count=2", "conv=notrunc"];
        Assert.SkipUnless((await Commands.RunAsync("dd", unmark, Cancellation)).Succeeded, "the kernel keeps it");
        Assert.Equal("", await TypeAsync());

        _stand.Pod.Metadata.Uid = "another";
        var second = await _stand.SetUpAsync(Claimed());

        Assert.True(MountPoints.Contains(second));
    }

    private string Place => _stand.Paths.Volume(_stand.Pod.Metadata.Uid, "local-volume", "pv");

    private static V1Volume Claimed(bool isReadOnly = false) => new()
    {
        Name = "v",
        PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource
        {
            ClaimName = "c", ReadOnlyProperty = isReadOnly,
        },
    };

    private V1PersistentVolume Bound(string? fsType)
    {
        Assert.SkipWhen(_device.Length == 0, $"needs loop devices: {_whyNone}");
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "pv", Uid = "volume-uid" },
            Spec = new V1PersistentVolumeSpec
            {
                Local = new V1LocalVolumeSource { Path = _device, FsType = fsType },
                ClaimRef = new V1ObjectReference { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
            },
        };
        _stand.Cluster.Put(volume);
        return volume;
    }

    private async Task<string> RefusedAsync(V1Volume volume) =>
        (await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(volume))).Message;

    private async Task<string> TypeAsync() =>
        (await Commands.RunAsync("blkid", ["-p", "-s", "TYPE", "-o", "value", _device], Cancellation)).Output.TrimEnd();
}
