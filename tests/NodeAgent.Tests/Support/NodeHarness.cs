using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Reclaiming;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// One node on a containerd of its own, shared by the tests of the collection: everything below a temporary
/// directory, bridge and cgroups under names of its own, and a fake API.
/// </summary>
public sealed class NodeHarness : IAsyncLifetime
{
    internal const string Busybox = "test.local/busybox:1";

    private readonly string _directory;
    private readonly Func<NodeAgentOptions, NodeAgentOptions> _change;
    private IHost? _host;

    public NodeHarness()
        : this(Directory.CreateTempSubdirectory("orc-node-").FullName, options => options)
    {
    }

    /// <summary>A node in a directory of the caller's, with other options.</summary>
    internal NodeHarness(string directory, Func<NodeAgentOptions, NodeAgentOptions> change) =>
        (_directory, _change) = (directory, change);

    /// <summary>Null when containers can run here; else the reason for skipping.</summary>
    public static string? Unavailable =>
        !Linux.IsRoot ? "needs root"
        : !Commands.Exists("containerd") || !Commands.Exists("runc") ? "needs containerd and runc"
        : !File.Exists("/usr/lib/cni/bridge") ? "needs containernetworking-plugins"
        : !File.Exists(BusyboxImage.DefaultBinary) ? "needs busybox-static"
        : null;

    internal FakeCluster Cluster { get; } = new();

    internal FakeIsolation Isolation { get; } = new();

    internal NodeAgentOptions Options { get; private set; } = null!;

    internal IServiceProvider Services => _host!.Services;

    internal T Get<T>()
        where T : notnull => Services.GetRequiredService<T>();

    public async ValueTask InitializeAsync()
    {
        if (Unavailable is not null)
        {
            return;
        }

        Options = _change(new NodeAgentOptions
        {
            NodeName = "node-under-test",
            DataDirectory = _directory,
            PodLogsDirectory = Path.Combine(_directory, "logs"),
            StaticPodPath = Path.Combine(_directory, "manifests"),
            PodCidr = "10.199.7.0/24",
            BridgeName = "orctest0",
            CgroupRoot = "/orc-test-" + Convert.ToHexStringLower(
                System.Security.Cryptography.RandomNumberGenerator.GetBytes(4)),
        });
        await StartAsync();
        await Get<RuntimeHealth>().WhenUpAsync(CancellationToken.None);
        await ImportAsync(new ImageDescription { Reference = Busybox, Command = ["sh"] });
    }

    /// <summary>Brings an image of busybox and a few files onto the node.</summary>
    internal async Task ImportAsync(ImageDescription image, params ImageFile[] more)
    {
        var archive = Path.Combine(_directory, "image.tar");
        await using (var file = File.Create(archive))
        {
            BusyboxImage.Write(file, image, more);
        }

        await Get<ImageStore>().ImportAsync(archive, CancellationToken.None);
        File.Delete(archive);
    }

    /// <summary>Skips the test, with the reason, where no container can run.</summary>
    internal void Require() => Assert.SkipWhen(Unavailable is not null, Unavailable ?? "");

    internal async Task DeleteAsync(k8s.Models.V1Pod pod)
    {
        Cluster.BeginDelete(pod);
        await Cluster.UntilAsync(() => !Cluster.Exists(pod), () => $"{pod.Metadata.Name} deleted");
        await Cluster.UntilAsync(
            () => Get<PodManager>().FindByUid(pod.Metadata.Uid) is null, () => "no worker", poll: true);
    }

    /// <summary>What a container has written; nothing yet while the runtime has not told of it.</summary>
    internal string Log(k8s.Models.V1Pod pod, string container) =>
        Get<PodManager>().FindByUid(pod.Metadata.Uid)?.Container(container) is { } record
            ? CriLogTail.Read(record.LogPath, 1000, 100_000)
            : "";

    internal async Task<string> UntilLogAsync(k8s.Models.V1Pod pod, string container, string text)
    {
        await Cluster.UntilAsync(
            () => Log(pod, container).Contains(text, StringComparison.Ordinal),
            () => $"\"{text}\" in the log:\n{Log(pod, container)}",
            poll: true);
        return Log(pod, container);
    }

    /// <summary>
    /// Ends the agent as a crash would, as far as containers are concerned: nothing of theirs is touched.
    /// </summary>
    internal async Task RestartAgentAsync(Action whileDown)
    {
        await StopAgentAsync();
        whileDown();
        await StartAsync();
        await Get<PodRuntimeCache>().FirstListAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is null)
        {
            return;
        }

        var cgroups = Get<ICgroupHierarchy>();
        await StopAgentAsync();
        await NodeCleaner.RunAsync(Options, CancellationToken.None);
        cgroups.Remove(Options.CgroupRoot);
        Directory.Delete(_directory, recursive: true);
    }

    private async Task StartAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("ORC_TEST_LOG") is { Length: > 0 })
        {
            builder.Logging.AddSimpleConsole(c => c.SingleLine = true);
        }

        builder.Services.AddSingleton<IClusterApi>(Cluster);
        builder.Services.AddSingleton<IObjectReader>(Cluster);
        builder.Services.AddSingleton<IReferenceTracker>(Cluster);
        builder.Services.AddSingleton<IPodSource>(Cluster);
        builder.Services.AddSingleton<IPodIsolation>(Isolation);
        builder.Services.AddNodeCore(Options);
        builder.Services.AddPart<PressureMonitor>();
        _host = builder.Build();
        await _host.StartAsync();
    }

    private async Task StopAgentAsync()
    {
        await _host!.StopAsync();
        Cluster.Disconnect();
        _host.Dispose();
    }
}

/// <summary>All tests that run containers share one node and run one after the other.</summary>
[CollectionDefinition("containers")]
public sealed class ContainersCollection : ICollectionFixture<NodeHarness>;
