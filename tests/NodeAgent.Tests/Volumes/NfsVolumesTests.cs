using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>Exports of NFS servers: a program that mounts something else stands in for mount(8).</summary>
public sealed class NfsVolumesTests : IAsyncLifetime
{
    private readonly VolumeStand _stand = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Log => _stand.Outside("told");

    private string Told => File.ReadAllText(Log).TrimEnd();

    public async ValueTask InitializeAsync()
    {
        _stand.MountCommand = _stand.Outside("mount");
        await StandInAsync($"echo \"$@\" >> {Log}\nfor place; do :; done\nexec mount -t tmpfs none \"$place\"\n");
        _stand.Restart();
    }

    public ValueTask DisposeAsync()
    {
        _stand.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("192.0.2.1", false, "-t nfs -- 192.0.2.1:/data PLACE")]
    [InlineData("2001:db8::1", true, "-t nfs -o ro -- [2001:db8::1]:/data PLACE")]
    [InlineData("-osuid", false, "-t nfs -- -osuid:/data PLACE")]
    public async Task A_pods_own_export_is_mounted_once_and_taken_down(string server, bool isReadOnly, string told)
    {
        var volume = new V1Volume
        {
            Name = "v", Nfs = new V1NFSVolumeSource { Server = server, Path = "/data", ReadOnlyProperty = isReadOnly },
        };

        var path = await _stand.SetUpAsync(volume);
        Assert.Equal(path, await _stand.SetUpAsync(volume));

        Assert.Equal(told.Replace("PLACE", path, StringComparison.Ordinal), Told);
        Assert.Equal(_stand.Paths.Volume(_stand.Pod.Metadata.Uid, "nfs", "v"), path);
        Assert.True(MountPoints.Contains(path));
        var made = _stand.Mount(path, new V1VolumeMount { Name = "v", MountPath = "/m" });
        Assert.Equal(isReadOnly, made.Readonly);
        await _stand.Manager.TearDownAsync(_stand.Pod.Metadata.Uid, Cancellation);
        Assert.False(Path.Exists(_stand.Paths.Pod(_stand.Pod.Metadata.Uid)));
    }

    [Theory]
    [InlineData(false, null, "-o noatime,vers=4.2")]
    [InlineData(true, null, "-o noatime,ro,vers=4.2")]
    [InlineData(false, "hard,nolock", "-o hard,nolock")]
    public async Task A_claimed_export_is_mounted_as_its_volume_wants_it(
        bool isReadOnly, string? annotation, string options)
    {
        Bound(annotation);

        var path = await _stand.SetUpAsync(new V1Volume
        {
            Name = "v",
            PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource
            {
                ClaimName = "c", ReadOnlyProperty = isReadOnly,
            },
        });

        Assert.Equal($"-t nfs {options} -- nas:/export {path}", Told);
        Assert.Equal(_stand.Paths.Volume(_stand.Pod.Metadata.Uid, "nfs", "pv"), path);
        Assert.Empty(_stand.Claims.InUse);
    }

    [Fact]
    public async Task What_the_program_says_is_told()
    {
        await StandInAsync("echo 'mount: bad option; you might need a /sbin/mount.nfs' >&2\nexit 32\n");
        var place = _stand.Paths.Volume(_stand.Pod.Metadata.Uid, "nfs", "v");

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(
            new V1Volume { Name = "v", Nfs = new V1NFSVolumeSource { Server = "nas", Path = "/data" } }));

        Assert.Equal(
            "MountVolume.SetUp failed for volume \"v\" : mount failed: exit status 32\nMounting command: mount\n" +
            $"Mounting arguments: -t nfs nas:/data {place}\nOutput: mount: bad option; you might need a " +
            "/sbin/mount.nfs\n",
            refusal.Message);
        Assert.False(MountPoints.Contains(place));
    }

    /// <summary>
    /// Another process writes the program: what other tests start meanwhile would inherit a file that is being written
    /// here, and such a file cannot be run.
    /// </summary>
    private async Task StandInAsync(string commands)
    {
        var script = _stand.Outside("mount.sh");
        await File.WriteAllTextAsync(script, $"#!/bin/sh\n{commands}", Cancellation);
        var made = await Commands.RunAsync("install", ["-m", "500", script, _stand.MountCommand], Cancellation);
        Assert.True(made.Succeeded, made.Output);
    }

    private void Bound(string? annotation)
    {
        _stand.Cluster.Put(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = "pv" },
            Status = new V1PersistentVolumeClaimStatus { Phase = "Bound" },
        });
        _stand.Cluster.Put(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta
            {
                Name = "pv",
                Uid = "volume-uid",
                Annotations = annotation is null ? null : new Dictionary<string, string>
                {
                    ["volume.beta.kubernetes.io/mount-options"] = annotation,
                },
            },
            Spec = new V1PersistentVolumeSpec
            {
                Nfs = new V1NFSVolumeSource { Server = "nas", Path = "/export", ReadOnlyProperty = true },
                MountOptions = ["vers=4.2", "noatime"],
                ClaimRef = new V1ObjectReference { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
            },
        });
    }
}
