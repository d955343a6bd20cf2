using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>
/// Every step that prepares a container, done again over what the first time left: containers restart, and the agent
/// may have ended in the middle of any of them.
/// </summary>
public sealed class PreparationTests : IDisposable
{
    private readonly VolumeStand _stand = new();

    public void Dispose() => _stand.Dispose();

    [Fact]
    public async Task A_subPath_is_mounted_anew_whatever_was_there_before()
    {
        var volume = await _stand.SetUpAsync(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() });
        var mount = new V1VolumeMount { Name = "v", MountPath = "/m", SubPath = "x" };
        Action[] contents =
        [
            () => Directory.CreateDirectory(Path.Combine(volume, "x")),
            () => File.WriteAllText(Path.Combine(volume, "x"), "a file"),
            () => Assert.False(Path.Exists(Path.Combine(volume, "x"))), // the mount makes a directory
        ];
        foreach (var content in contents.Concat(Enumerable.Reverse(contents)))
        {
            content();
            var first = _stand.Mount(volume, mount).HostPath;
            var second = _stand.Mount(volume, mount).HostPath;

            Assert.Equal(first, second);
            Assert.Single(MountPoints.AtOrBelow(first));
            Assert.Equal(Directory.Exists(Path.Combine(volume, "x")), Directory.Exists(first));
            Remove(Path.Combine(volume, "x"));
        }
    }

    [Fact]
    public async Task A_subPath_is_mounted_over_what_a_crash_left()
    {
        var volume = await _stand.SetUpAsync(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() });
        var mount = new V1VolumeMount { Name = "v", MountPath = "/m", SubPath = "x" };
        var target = _stand.Mount(volume, mount).HostPath;

        TestMounts.UnmountBelow(_stand.Options.PodsDirectory); // the machine came up again: the directory, no mount
        Assert.Equal(target, _stand.Mount(volume, mount).HostPath);
        Linux.Mount(volume, target, "", Linux.MountBind, ""); // a second mount upon the first
        Assert.Equal(target, _stand.Mount(volume, mount).HostPath);

        Assert.Single(MountPoints.AtOrBelow(target));
    }

    [Fact]
    public async Task The_termination_log_and_the_hosts_file_are_made_anew()
    {
        await _stand.SetUpAsync(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() });
        for (var round = 0; round < 2; round++)
        {
            _stand.Hosts.Write(_stand.Pod, ["10.1.0.1"]);
            var mounts = _stand.Mounts.Build(
                _stand.Pod, _stand.Container, 0, new Dictionary<string, string>(), new Dictionary<string, string>());

            Assert.Empty(
                await File.ReadAllBytesAsync(mounts.Single(m => m.ContainerPath == "/dev/termination-log").HostPath));
            var hosts = mounts.Single(m => m.ContainerPath == "/etc/hosts").HostPath;
            Assert.EndsWith("\n10.1.0.1\tp\n", await File.ReadAllTextAsync(hosts), StringComparison.Ordinal);

            foreach (var mount in mounts)
            {
                await File.AppendAllTextAsync(mount.HostPath, new string('x', 10_000)); // as the container may
            }
        }
    }

    [Fact]
    public async Task An_emptyDir_that_was_not_finished_is_finished_and_one_that_was_is_left_alone()
    {
        var volume = new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() };
        var path = _stand.Paths.Volume(_stand.Pod.Metadata.Uid, "empty-dir", "v");
        Directory.CreateDirectory(path + ".new"); // as far as the agent came before it ended

        Assert.Equal(path, await _stand.SetUpAsync(volume));
        Assert.Equal((UnixFileMode)0x1FF, File.GetUnixFileMode(path));
        Assert.False(Directory.Exists(path + ".new"));

        File.SetUnixFileMode(path, (UnixFileMode)0x1C0); // as its container may
        await _stand.SetUpAsync(volume);
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task A_volume_in_memory_comes_back_with_its_group_after_a_restart_of_the_machine()
    {
        _stand.Pod.Spec.SecurityContext.FsGroup = 4321;
        var volume = new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory" } };
        var path = await _stand.SetUpAsync(volume);
        var mode = File.GetUnixFileMode(path);

        TestMounts.UnmountBelow(_stand.Options.PodsDirectory);
        Assert.Equal(path, await _stand.SetUpAsync(volume));

        Assert.Single(MountPoints.AtOrBelow(path));
        Assert.Equal(mode, File.GetUnixFileMode(path));
        Assert.True(mode.HasFlag(UnixFileMode.SetGroup));
    }

    [Fact]
    public async Task A_failed_write_of_a_volume_leaves_nothing_behind()
    {
        Put(new string('x', 100));
        var volume = new V1Volume { Name = "v", Secret = new V1SecretVolumeSource { SecretName = "s" } };
        var path = await _stand.SetUpAsync(volume);
        var before = Directory.EnumerateFileSystemEntries(path).ToList();
        Put(new string('y', 100_000));
        Linux.Mount("tmpfs", path, "tmpfs", Linux.MountRemount, "size=4k");

        for (var round = 0; round < 3; round++)
        {
            await Assert.ThrowsAsync<NodeAgent.Volumes.VolumeException>(() => _stand.SetUpAsync(volume));
            Assert.Equal(before, Directory.EnumerateFileSystemEntries(path));
        }

        Linux.Mount("tmpfs", path, "tmpfs", Linux.MountRemount, "size=1m");
        await _stand.SetUpAsync(volume);
        Assert.Equal(100_000, (await File.ReadAllBytesAsync(Path.Combine(path, "k"))).Length);
    }

    [Fact]
    public async Task Whatever_keeps_a_volume_from_being_set_up_is_said()
    {
        _stand.Cluster.RefusesTokens = true;
        var token = new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "t" } };
        var volume = new V1Volume { Name = "v", Projected = new V1ProjectedVolumeSource { Sources = [token] } };

        var refused = await Assert.ThrowsAsync<NodeAgent.Volumes.VolumeException>(() => _stand.SetUpAsync(volume));

        Assert.Equal("MountVolume.SetUp failed for volume \"v\" : the API is away", refused.Message);
    }

    /// <summary>Messages are upstream's, and say nothing of the node's file system.</summary>
    [Theory]
    [InlineData("/abs", null, "error SubPath `/abs` must not be an absolute path")]
    [InlineData("a/../b", null, "unable to provision SubPath `a/../b`: must not contain '..'")]
    [InlineData(null, "$(UNSET)/$(SET)/$(ALSO)", "missing value for ALSO, UNSET")]
    [InlineData("file/below", null, "failed to prepare subPath for volumeMount \"v\" of container \"c\"")]
    public async Task A_subPath_that_cannot_be_is_refused(string? subPath, string? expression, string message)
    {
        var volume = await _stand.SetUpAsync(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() });
        await File.WriteAllTextAsync(Path.Combine(volume, "file"), "");
        var mount = new V1VolumeMount { Name = "v", MountPath = "/m", SubPath = subPath, SubPathExpr = expression };

        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(
                message, Assert.Throws<ContainerConfigException>(() => _stand.Mount(volume, mount)).Message);
        }
    }

    [Theory]
    [InlineData(
        "HugePages", "medium HugePages: hugePages storage requested, but there is no resource request for huge pages")]
    [InlineData("Tape", "unknown storage medium \"Tape\"")]
    public async Task A_medium_that_the_node_has_not_is_refused(string medium, string message)
    {
        var volume = new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { Medium = medium } };

        var refused = await Assert.ThrowsAsync<NodeAgent.Volumes.VolumeException>(() => _stand.SetUpAsync(volume));

        Assert.Equal($"MountVolume.SetUp failed for volume \"v\" : {message}", refused.Message);
    }

    private void Put(string value) => _stand.Cluster.Put(new V1Secret
    {
        Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "default" },
        Data = new Dictionary<string, byte[]> { ["k"] = System.Text.Encoding.UTF8.GetBytes(value) },
    });

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }

        File.Delete(path);
    }
}
