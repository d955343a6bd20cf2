using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>The volumes of one pod in a directory of their own, without any container.</summary>
internal sealed class VolumeStand : IDisposable
{
    private const string Uid = "7d3a0c11-0000-4000-8000-000000000001";

    private readonly string _root = Directory.CreateTempSubdirectory("orc-volumes-").FullName;

    public VolumeStand()
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        Options = new NodeAgentOptions
        {
            NodeName = "n", DataDirectory = Path.Combine(_root, "node"), PodLogsDirectory = Path.Combine(_root, "logs"),
        };
        Paths = new PodPaths(Options);
        Node = new NodeObject(Cluster, Options);
        (Csi, Manager) = NewParts();
        Mounts = new ContainerMounts(Paths, new RuntimeHealth(), NullLogger<ContainerMounts>.Instance);
        Hosts = new HostsFiles(Options, Paths);
        OwnFiles.MakePrivate(Options.PodsDirectory);
        Pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default", Uid = Uid },
            Spec = new V1PodSpec
            {
                Containers = [new V1Container { Name = "c" }],
                SecurityContext = new V1PodSecurityContext(),
            },
        };
    }

    public FakeCluster Cluster { get; } = new();

    public NodeObject Node { get; }

    public NodeAgentOptions Options { get; }

    public PodPaths Paths { get; }

    public VolumeManager Manager { get; private set; }

    public VolumeMeters Meters { get; } = new();

    /// <summary>The clock of what has to do with drivers.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>Another clock than <see cref="Time"/>, from the agent's next start on.</summary>
    public TimeProvider? OtherTime { get; set; }

    public CsiParts Csi { get; private set; }

    /// <summary>What the node mounts with; another counts from the agent's next start.</summary>
    public string MountCommand { get; set; } = "mount";

    public ClaimedVolumes Claims { get; private set; } = null!;

    public LocalMounts Locals { get; private set; } = null!;

    /// <summary>The agent starts again: what it knew is forgotten.</summary>
    public void Restart() => (Csi, Manager) = NewParts();

    public ContainerMounts Mounts { get; }

    public HostsFiles Hosts { get; }

    public V1Pod Pod { get; }

    public V1Container Container => Pod.Spec.Containers[0];

    /// <summary>A directory of the host's beside the node's.</summary>
    public string Outside(string name) => Path.Combine(_root, name);

    /// <summary>Sets the volume up, as one that the container uses.</summary>
    public async Task<string> SetUpAsync(V1Volume volume, bool isMounted = true)
    {
        var mounts = Container.VolumeMounts;
        Container.VolumeMounts = isMounted ? [new V1VolumeMount { Name = volume.Name, MountPath = "/v" }] : null;
        Pod.Spec.Volumes = [volume];
        var facts = new EnvironmentFacts { Addresses = new PodAddresses(["10.0.0.1"], ["10.1.0.1"]) };
        var volumes = await Manager.SetUpAsync(Pod, facts, TestContext.Current.CancellationToken);
        Container.VolumeMounts = mounts;
        return volumes[volume.Name];
    }

    /// <summary>Prepares the container with the volume mounted that way; its first mount.</summary>
    public Mount Mount(string hostPath, V1VolumeMount mount)
    {
        Container.VolumeMounts = [mount];
        var volumes = new Dictionary<string, string> { [mount.Name] = hostPath };
        return Mounts.Build(Pod, Container, 0, volumes, new Dictionary<string, string> { ["SET"] = "set" })[0];
    }

    private (CsiParts Csi, VolumeManager Manager) NewParts()
    {
        var tokens = new TokenCache(Cluster, TimeProvider.System, NullLogger.Instance);
        var csi = new CsiParts(Options, Cluster, Node, OtherTime ?? Time);
        var mount = new MountProgram(MountCommand);
        var exports = new NfsVolumes(mount);
        Locals = new LocalMounts(mount, new DeviceFileSystems(mount), csi.Ownership, csi.Events);
        Claims = new ClaimedVolumes(Cluster, Node, Paths, csi.Volumes, exports, Locals);
        return (csi, new VolumeManager(
            Paths, new ObjectFiles(Cluster, tokens), Claims, csi.Volumes, exports, tokens,
            new ImageViews(new CriClient(Outside("no.sock")), TimeProvider.System), Meters, TimeProvider.System));
    }

    public void Dispose()
    {
        TestMounts.UnmountBelow(_root);
        Directory.Delete(_root, recursive: true);
    }
}
