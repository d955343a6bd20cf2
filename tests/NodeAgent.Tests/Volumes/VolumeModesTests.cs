using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>Modes and owners of all that the node makes inside volumes, as upstream's kubelet makes them.</summary>
public sealed partial class VolumeModesTests : IDisposable
{
    private const long Group = 4321;
    private const long User = 1000;

    private readonly VolumeStand _stand = new();

    public void Dispose() => _stand.Dispose();

    private static readonly V1KeyToPath[] Items =
        [new() { Key = "k", Path = "plain" }, new() { Key = "k", Path = "d/strict", Mode = Octal("400") }];

    private static readonly Dictionary<string, V1Volume> Volumes = new()
    {
        ["emptyDir"] = new() { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() },
        ["emptyDir in memory"] = new() { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory" } },
        ["configMap"] = new() { Name = "v", ConfigMap = new V1ConfigMapVolumeSource { Name = "m", Items = Items } },
        ["configMap 0440"] = new()
        {
            Name = "v",
            ConfigMap = new V1ConfigMapVolumeSource { Name = "m", DefaultMode = Octal("440") },
        },
        ["secret"] = new() { Name = "v", Secret = new V1SecretVolumeSource { SecretName = "s", Items = Items } },
        ["secret 0400"] = new()
        {
            Name = "v", Secret = new V1SecretVolumeSource { SecretName = "s", DefaultMode = Octal("400") },
        },
        ["downwardAPI"] = new()
        {
            Name = "v",
            DownwardAPI = new V1DownwardAPIVolumeSource
            {
                Items = [new V1DownwardAPIVolumeFile { Path = "k",
                    FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.name" } }],
            },
        },
        ["projected token"] = new()
        {
            Name = "v",
            Projected = new V1ProjectedVolumeSource
            {
                Sources = [new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "k" } }],
            },
        },
    };

    /// <summary>Volume, fsGroup, users of the containers; path, mode, owner of everything inside.</summary>
    [Theory]
    [InlineData("emptyDir", false, "", ". 777 0:0")]
    [InlineData("emptyDir", true, "", ". 2777 0:4321")]
    [InlineData("emptyDir in memory", false, "", ". 1777 0:0")]
    [InlineData("emptyDir in memory", true, "", ". 3777 0:4321")]
    [InlineData(
        "configMap", false, "",
        ". 777 0:0|..data 777 0:0|..new 755 0:0|..new/d 755 0:0|..new/d/strict 400 0:0|..new/plain 644 0:0|d 777 0:0|plain 777 0:0")]
    [InlineData(
        "configMap", true, "",
        ". 2777 0:4321|..data 777 0:4321|..new 2755 0:4321|..new/d 2755 0:4321|..new/d/strict 440 0:4321|..new/plain 644 0:4321|"
            + "d 777 0:4321|plain 777 0:4321")]
    [InlineData("configMap 0440", false, "1000", ". 777 0:0|..data 777 0:0|..new 755 0:0|..new/k 440 0:0|k 777 0:0")]
    [InlineData(
        "secret", false, "",
        ". 1777 0:0|..data 777 0:0|..new 755 0:0|..new/d 755 0:0|..new/d/strict 400 0:0|..new/plain 644 0:0|d 777 0:0|plain 777 0:0")]
    [InlineData(
        "secret 0400", true, "",
        ". 3777 0:4321|..data 777 0:4321|..new 2755 0:4321|..new/k 440 0:4321|k 777 0:4321")]
    [InlineData("downwardAPI", false, "", ". 1777 0:0|..data 777 0:0|..new 755 0:0|..new/k 644 0:0|k 777 0:0")]
    [InlineData("projected token", false, "", ". 1777 0:0|..data 777 0:0|..new 755 0:0|..new/k 644 0:0|k 777 0:0")]
    [InlineData(
        "projected token", false, "1000", ". 1777 0:0|..data 777 0:0|..new 755 0:0|..new/k 600 1000:0|k 777 0:0")]
    [InlineData(
        "projected token", false, "1000,1001", ". 1777 0:0|..data 777 0:0|..new 755 0:0|..new/k 644 0:0|k 777 0:0")]
    [InlineData(
        "projected token", true, "",
        ". 3777 0:4321|..data 777 0:4321|..new 2755 0:4321|..new/k 640 0:4321|k 777 0:4321")]
    [InlineData(
        "projected token", true, "1000",
        ". 3777 0:4321|..data 777 0:4321|..new 2755 0:4321|..new/k 640 1000:4321|k 777 0:4321")]
    public async Task A_volume_has_upstreams_modes_and_owners(
        string volume, bool hasGroup, string users, string expected)
    {
        Put();
        _stand.Pod.Spec.SecurityContext.FsGroup = hasGroup ? Group : null;
        _stand.Pod.Spec.Containers =
        [
            .. users.Split(',').Select((user, index) => new V1Container
            {
                Name = $"c{index}",
                SecurityContext = new V1SecurityContext
                {
                    RunAsUser = user.Length == 0
                        ? null : long.Parse(user, System.Globalization.CultureInfo.InvariantCulture),
                },
            }),
        ];

        var path = await _stand.SetUpAsync(Volumes[volume]);

        Assert.Equal(expected.Split('|'), Listing(path));
        AssertPrivate(Path.GetDirectoryName(path)!);

        // and again, over what the first time left
        Assert.Equal(path, await _stand.SetUpAsync(Volumes[volume]));
        Assert.Equal(expected.Split('|'), Listing(path));
    }

    /// <summary>
    /// A new subPath directory has the mode of its volume, and the group where the volume hands it on.
    /// </summary>
    [Theory]
    [InlineData("emptyDir", false, "777 0:0")]
    [InlineData("emptyDir", true, "2777 0:4321")]
    [InlineData("emptyDir in memory", false, "1777 0:0")]
    [InlineData("emptyDir in memory", true, "3777 0:4321")]
    public async Task A_new_subPath_directory_has_its_volumes_mode(string volume, bool hasGroup, string expected)
    {
        _stand.Pod.Spec.SecurityContext.FsGroup = hasGroup ? Group : null;
        var path = await _stand.SetUpAsync(Volumes[volume]);

        var mount = _stand.Mount(path, new V1VolumeMount { Name = "v", MountPath = "/m", SubPath = "a/b" });

        Assert.Equal([$". {expected}", $"a {expected}", $"a/b {expected}"], Listing(path));
        Assert.Equal([$". {expected}"], Listing(mount.HostPath));
        AssertPrivate(Path.GetDirectoryName(mount.HostPath)!);
    }

    [Fact]
    public void A_subPath_of_the_hosts_directory_takes_that_ones_mode_and_changes_nothing_that_is_there()
    {
        var host = Directory.CreateDirectory(_stand.Outside("host"), (UnixFileMode)Octal("750")).FullName;
        Directory.CreateDirectory(Path.Combine(host, "there"), (UnixFileMode)Octal("700"));
        Linux.ChangeOwner(host, User, Group);
        _stand.Pod.Spec.Volumes = [new V1Volume { Name = "v", HostPath = new V1HostPathVolumeSource { Path = host } }];

        _stand.Mount(host, new V1VolumeMount { Name = "v", MountPath = "/m", SubPath = "there/new" });

        Assert.Equal([". 750 1000:4321", "there 700 0:0", "there/new 750 0:0"], Listing(host));
    }

    [Theory]
    [InlineData("DirectoryOrCreate", ". 755 0:0|new 755 0:0|new/path 755 0:0")]
    [InlineData("FileOrCreate", ". 755 0:0|new 700 0:0|new/path 644 0:0")]
    public async Task A_host_path_is_made_with_upstreams_modes(string type, string expected)
    {
        var host = Directory.CreateDirectory(_stand.Outside("host"), (UnixFileMode)Octal("755")).FullName;
        if (type == "FileOrCreate")
        {
            Directory.CreateDirectory(Path.Combine(host, "new"), (UnixFileMode)Octal("700"));
        }

        var volume = new V1Volume
        {
            Name = "v", HostPath = new V1HostPathVolumeSource { Path = Path.Combine(host, "new", "path"), Type = type },
        };
        await _stand.SetUpAsync(volume);
        Assert.Equal(expected.Split('|'), Listing(host));

        // what is there keeps its mode, and its content
        File.SetUnixFileMode(volume.HostPath.Path, (UnixFileMode)Octal("700"));
        await _stand.SetUpAsync(volume);
        Assert.Equal(expected.Replace("path 755", "path 700", StringComparison.Ordinal)
            .Replace("path 644", "path 700", StringComparison.Ordinal).Split('|'), Listing(host));
    }

    [Fact]
    public void The_hosts_file_and_the_termination_log_can_be_written_as_upstreams()
    {
        _stand.Hosts.Write(_stand.Pod, ["10.1.0.1"]);
        _stand.Mounts.Build(
            _stand.Pod, _stand.Container, 3, new Dictionary<string, string>(), new Dictionary<string, string>());

        Assert.Equal(
            [". 750 0:0", "containers 750 0:0", "containers/c 750 0:0", "containers/c/3 666 0:0", "etc-hosts 644 0:0"],
            Listing(_stand.Paths.Pod(_stand.Pod.Metadata.Uid)));
    }

    private void Put()
    {
        _stand.Cluster.Put(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "m", NamespaceProperty = "default" },
            Data = new Dictionary<string, string> { ["k"] = "value" },
        });
        _stand.Cluster.Put(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "default" },
            Data = new Dictionary<string, byte[]> { ["k"] = Encoding.UTF8.GetBytes("value") },
        });
    }

    /// <summary>From the pod's directory down to the volume, others find no way.</summary>
    private void AssertPrivate(string directory)
    {
        for (var at = directory; at.StartsWith(
            _stand.Options.PodsDirectory, StringComparison.Ordinal); at = Path.GetDirectoryName(at)!)
        {
            Assert.Equal(OwnFiles.PrivateDirectory, File.GetUnixFileMode(at));
        }
    }

    /// <summary>
    /// Path, mode and owner of all that is in a directory; the fresh directory's name is not known before.
    /// </summary>
    private static List<string> Listing(string directory)
    {
        using var find = Process.Start(new ProcessStartInfo("find", [directory, "-printf", "%P %m %U:%G\\n"])
        {
            RedirectStandardOutput = true,
        })!;
        return
        [
            .. find.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line[0] == ' ' ? "." + line : Stamp().Replace(line, "..new"))
                    .Order(StringComparer.Ordinal),
        ];
    }

    private static int Octal(string mode) => Convert.ToInt32(mode, 8);

    [GeneratedRegex(@"^\.\.2[0-9_.]+")]
    private static partial Regex Stamp();
}
