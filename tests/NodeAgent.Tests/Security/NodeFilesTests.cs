using System.Diagnostics;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>What containers, and other users of the machine, can do with the node's directories: nothing.</summary>
[Collection("containers")]
public sealed class NodeFilesTests(NodeHarness node)
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task What_the_node_writes_is_read_only_whatever_the_mount_says()
    {
        node.Require();
        Put();
        var container = Shell("c", """
            for d in /map /secret /downward /projected; do
              touch $d/new && echo WROTE $d
              ln -s /etc $d/..2999 && echo LINKED $d
              mv $d/..data $d/..old && echo MOVED $d
              echo x > $d/k && echo CHANGED $d
            done
            echo x > /file && echo CHANGED file
            touch /directory/new && echo WROTE directory
            echo tried
            """);
        container.VolumeMounts =
        [
            .. new[] { "map", "secret", "downward", "projected" }.Select(
                name => new V1VolumeMount { Name = name, MountPath = "/" + name, ReadOnlyProperty = false }),
            new V1VolumeMount { Name = "map", MountPath = "/file", SubPath = "k", ReadOnlyProperty = false },
            new V1VolumeMount { Name = "projected", MountPath = "/directory", SubPath = "d", ReadOnlyProperty = false },
        ];
        var pod = Pod("attacker", container);
        pod.Spec.RestartPolicy = "Never";
        pod.Spec.Volumes = Volumes();
        Cluster.Create(pod);

        await Cluster.UntilAsync(pod, p => p.Status.Phase == "Succeeded", "Succeeded");

        var log = node.Log(pod, "c");
        Assert.Contains("tried", log, StringComparison.Ordinal);
        Assert.DoesNotMatch("WROTE|LINKED|MOVED|CHANGED", log);
        Assert.Equal(18, log.Split("Read-only file system").Length - 1);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task Nobody_else_on_the_machine_finds_a_way_in_at_any_start()
    {
        node.Require();
        Put();
        var container = Shell("c", """
            cp /bin/busybox /data/busybox && chmod 4755 /data/busybox
            cp /bin/busybox /dev/termination-log && chmod 4755 /dev/termination-log
            cp /bin/busybox /etc/hosts && chmod 4755 /etc/hosts
            echo said; trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done
            """);
        container.VolumeMounts =
        [
            new V1VolumeMount { Name = "data", MountPath = "/data" },
            new V1VolumeMount { Name = "secret", MountPath = "/secret", SubPath = "k" },
        ];
        var pod = Pod("setuid", container);
        pod.Spec.Volumes = [.. Volumes(), new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        Cluster.Create(pod);
        await node.UntilLogAsync(pod, "c", "said");
        var paths = node.Get<PodPaths>();
        var uid = pod.Metadata.Uid;
        string[] programs =
        [
            Path.Combine(paths.Volume(uid, "empty-dir", "data"), "busybox"),
            paths.TerminationLog(uid, "c", 0),
            paths.HostsFile(uid),
        ];

        await AssertClosedAsync(programs);
        foreach (var opened in new[] { node.Options.DataDirectory, node.Options.PodsDirectory,
            node.Options.PodLogsDirectory, node.Options.ContainerdDirectory })
        {
            File.SetUnixFileMode(opened, File.GetUnixFileMode(opened) | Others); // as earlier versions left them
        }

        await node.RestartAgentAsync(() => { });
        await Cluster.UntilAsync(
            () => File.GetUnixFileMode(node.Options.PodsDirectory) == OwnFiles.PrivateDirectory,
            () => "the agent at work", poll: true);

        await AssertClosedAsync(programs);
        Assert.All(
            OwnDirectories(paths.Pod(uid)), d => Assert.Equal((d, default), (d, File.GetUnixFileMode(d) & Others)));
        await node.DeleteAsync(pod);
    }

    /// <summary>The node's directories, down to where the content is the pod's.</summary>
    private IEnumerable<string> OwnDirectories(string pod) =>
    [
        node.Options.DataDirectory,
        node.Options.PodsDirectory,
        node.Options.PodLogsDirectory,
        .. Directory.EnumerateDirectories(node.Options.PodLogsDirectory, "*", SearchOption.AllDirectories),
        node.Options.ContainerdDirectory,
        Path.GetDirectoryName(node.Options.SocketPath)!,
        pod,
        .. Directory.EnumerateDirectories(pod),
        .. Directory.EnumerateDirectories(Path.Combine(pod, "containers")),
        .. Directory.EnumerateDirectories(Path.Combine(pod, "volumes")),
        .. Directory.EnumerateDirectories(Path.Combine(pod, "volume-subpaths"), "*", SearchOption.AllDirectories),
    ];

    /// <summary>
    /// As a user without any right: no directory can be listed, no program be run, no socket be reached.
    /// </summary>
    private async Task AssertClosedAsync(string[] programs)
    {
        Assert.All(
            programs, program => Assert.True(File.GetUnixFileMode(program).HasFlag(UnixFileMode.SetUser), program));
        foreach (var program in programs)
        {
            Assert.Equal("", await AsNobodyAsync(program, "id"));
        }

        Assert.Equal("", await AsNobodyAsync("ls", node.Options.DataDirectory));
        Assert.Equal("", await AsNobodyAsync("find", node.Options.DataDirectory, "-mindepth", "1"));
        Assert.Equal("", await AsNobodyAsync("stat", node.Options.SocketPath));
    }

    /// <summary>What a program says on its standard output; its errors are what is wanted.</summary>
    private static async Task<string> AsNobodyAsync(params string[] command)
    {
        // by way of a shell, because setpriv itself still has its capabilities
        var start = new ProcessStartInfo(
            "setpriv",
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "sh", "-c", "\"$@\"", "sh", .. command])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        Assert.Contains("Permission denied", await errors, StringComparison.Ordinal);
        return output;
    }

    private static List<V1Volume> Volumes() =>
    [
        new() { Name = "map", ConfigMap = new V1ConfigMapVolumeSource { Name = "m" } },
        new() { Name = "secret", Secret = new V1SecretVolumeSource { SecretName = "s" } },
        new()
        {
            Name = "downward",
            DownwardAPI = new V1DownwardAPIVolumeSource
            {
                Items =
                [
                    new V1DownwardAPIVolumeFile
                    {
                        Path = "k", FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.name" },
                    },
                ],
            },
        },
        new()
        {
            Name = "projected",
            Projected = new V1ProjectedVolumeSource
            {
                Sources =
                [
                    new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "k" } },
                    new V1VolumeProjection
                    {
                        ConfigMap = new V1ConfigMapProjection
                        {
                            Name = "m", Items = [new V1KeyToPath { Key = "k", Path = "d/k" }],
                        },
                    },
                ],
            },
        },
    ];

    private void Put()
    {
        Cluster.Put(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "m", NamespaceProperty = "default" },
            Data = new Dictionary<string, string> { ["k"] = "value" },
        });
        Cluster.Put(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "default" },
            Data = new Dictionary<string, byte[]> { ["k"] = Encoding.UTF8.GetBytes("value") },
        });
    }
}
