using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

public sealed class NodeStatusLoopTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-status-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_node_says_nothing_of_itself_before_it_knows_its_runtime()
    {
        var time = new WaitsAreSeen();
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.1", DataDirectory = _directory.FullName,
        };
        var api = new FakeCluster();
        var health = new RuntimeHealth();
        using var cri = new CriClient(options.SocketPath);
        using var events = new EventRecorder(api, options, time, NullLogger<EventRecorder>.Instance);
        using var loop = new NodeStatusLoop(
            options, api, new NodeObject(api, options), new NodeStatusComputer(options, new NodeFacts(options)), health,
            new PressureState(), new ShutdownState(), cri,
            new ImageStore(options, cri, time), new VolumesInUse([]), new DeviceInventory(time), events, time,
            NullLogger<NodeStatusLoop>.Instance);
        await loop.StartAsync(CancellationToken.None);
        await time.Waiting.WaitAsync(Patience);
        Assert.False(api.RegisteredNode.IsCompleted);

        health.Down("no containerd here");
        var node = await api.RegisteredNode.WaitAsync(Patience);
        Assert.Equal("no containerd here", node.Status.Conditions.First(c => c.Type == "Ready").Message);
        await loop.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_node_of_which_nothing_changes_says_so_every_five_minutes()
    {
        var time = new ManualTime();
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.1", DataDirectory = _directory.FullName,
        };
        var api = new FakeCluster();
        var health = new RuntimeHealth();
        health.Down("no containerd here");
        using var cri = new CriClient(options.SocketPath);
        using var events = new EventRecorder(api, options, time, NullLogger<EventRecorder>.Instance);
        using var loop = new NodeStatusLoop(
            options, api, new NodeObject(api, options), new NodeStatusComputer(options, new NodeFacts(options)), health,
            new PressureState(), new ShutdownState(), cri,
            new ImageStore(options, cri, time), new VolumesInUse([]), new DeviceInventory(time), events, time,
            NullLogger<NodeStatusLoop>.Instance);
        await loop.StartAsync(CancellationToken.None);
        await api.NodePatches.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        time.Now += TimeSpan.FromMinutes(5);
        var conditions = JsonNode.Parse(await api.NodePatches.Reader.ReadAsync().AsTask().WaitAsync(Patience))!
            ["status"]!["conditions"]!.AsArray();
        Assert.All(conditions, c => Assert.Equal(
            time.Now, DateTimeOffset.Parse((string)c!["lastHeartbeatTime"]!, CultureInfo.InvariantCulture)));
        await loop.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_node_whose_machine_goes_down_is_not_ready_at_once()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.1", DataDirectory = _directory.FullName,
        };
        var (api, health, shutdown) = (new FakeCluster(), new RuntimeHealth(), new ShutdownState());
        health.Down("no containerd here");
        using var cri = new CriClient(options.SocketPath);
        using var events = new EventRecorder(api, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        using var loop = new NodeStatusLoop(
            options, api, new NodeObject(api, options), new NodeStatusComputer(options, new NodeFacts(options)), health,
            new PressureState(), shutdown, cri, new ImageStore(options, cri, TimeProvider.System),
            new VolumesInUse([]), new DeviceInventory(TimeProvider.System), events, TimeProvider.System,
            NullLogger<NodeStatusLoop>.Instance);
        await loop.StartAsync(CancellationToken.None);
        await api.NodePatches.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        shutdown.Set(isShuttingDown: true);

        var ready = JsonNode.Parse(await api.NodePatches.Reader.ReadAsync().AsTask().WaitAsync(Patience))!
            ["status"]!["conditions"]!.AsArray().First(static c => (string?)c!["type"] == "Ready")!;
        Assert.Equal(
            ("False", "KubeletNotReady", "[no containerd here, node is shutting down]"),
            ((string?)ready["status"], (string?)ready["reason"], (string?)ready["message"]));
        await loop.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task What_the_runtime_says_of_its_network_is_known_to_who_starts_pods()
    {
        await using var runtime = await GrpcServer.StartAsync(RuntimeService.Descriptor);
        var conditions = new RuntimeStatus
        {
            Conditions =
            {
                new RuntimeCondition { Type = "RuntimeReady", Status = true },
                new RuntimeCondition
                {
                    Type = "NetworkReady", Reason = "NetworkPluginNotReady", Message = "cni plugin not initialized",
                },
            },
        };
        runtime.Answer = (method, _, _) => Task.FromResult<IMessage>(method == "Status"
            ? new StatusResponse { Status = conditions } : new VersionResponse { RuntimeName = "r" });
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.1", DataDirectory = _directory.FullName,
            RuntimeSocket = runtime.Endpoint["unix://".Length..],
        };
        var (api, health) = (new FakeCluster(), new RuntimeHealth());
        health.Up(RuntimeAbilities.None);
        using var cri = new CriClient(options.SocketPath);
        using var events = new EventRecorder(api, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        using var loop = new NodeStatusLoop(
            options, api, new NodeObject(api, options), new NodeStatusComputer(options, new NodeFacts(options)), health,
            new PressureState(), new ShutdownState(), cri, new ImageStore(options, cri, TimeProvider.System),
            new VolumesInUse([]), new DeviceInventory(TimeProvider.System), events, TimeProvider.System,
            NullLogger<NodeStatusLoop>.Instance);
        await loop.StartAsync(CancellationToken.None);
        var node = await api.RegisteredNode.WaitAsync(Patience);

        const string problem = "container runtime network not ready: NetworkReady=false "
            + "reason:NetworkPluginNotReady message:cni plugin not initialized";
        Assert.Equal(problem, node.Status.Conditions.First(static c => c.Type == "Ready").Message);
        Assert.Equal(problem, health.NetworkProblem);
        conditions.Conditions[1].Status = true;
        await UntilReadyAsync(api);
        Assert.Null(health.NetworkProblem);
        await loop.StopAsync(CancellationToken.None);
    }

    /// <summary>Reads what the node says of itself until it says that it is ready.</summary>
    private static async Task UntilReadyAsync(FakeCluster api)
    {
        for (var isReady = false; !isReady;)
        {
            var patch = await api.NodePatches.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            isReady = patch.Contains("KubeletReady", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_others_say_of_the_node_is_told_and_put_right_at_once()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.1", DataDirectory = _directory.FullName,
        };
        var (api, health) = (new FakeCluster(), new RuntimeHealth());
        health.Down("no containerd here");
        var node = new NodeObject(api, options);
        using var cri = new CriClient(options.SocketPath);
        using var events = new EventRecorder(api, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        using var loop = new NodeStatusLoop(
            options, api, node, new NodeStatusComputer(options, new NodeFacts(options)), health, new PressureState(),
            new ShutdownState(), cri, new ImageStore(options, cri, TimeProvider.System), new VolumesInUse([]),
            new DeviceInventory(TimeProvider.System), events, TimeProvider.System,
            NullLogger<NodeStatusLoop>.Instance);
        await events.StartAsync(CancellationToken.None);
        await loop.StartAsync(CancellationToken.None);
        var made = await api.RegisteredNode.WaitAsync(Patience);
        await api.NodePatches.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        node.Observe(made with
        {
            Metadata = made.Metadata with { ResourceVersion = "7" },
            Spec = new V1NodeSpec { Unschedulable = true },
            Status = made.Status with
            {
                Conditions = [.. made.Status.Conditions.Select(c => c.Type == "Ready" ? c with { Status = "Unknown" } : c)],
            },
        });

        var ready = JsonNode.Parse(await api.NodePatches.Reader.ReadAsync().AsTask().WaitAsync(Patience))!
            ["status"]!["conditions"]!.AsArray().First(c => (string)c!["type"]! == "Ready")!;
        Assert.Equal("False", (string)ready["status"]!);
        await api.UntilAsync(
            () => api.Events.Any(e => e.Message == "Node n1 status is now: NodeNotSchedulable"), () => "an event",
            seconds: 120);
        await loop.StopAsync(CancellationToken.None);
        await events.StopAsync(CancellationToken.None);
    }

    /// <summary>The machine's clock, which tells when somebody begins to wait.</summary>
    private sealed class WaitsAreSeen : TimeProvider
    {
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waiting => _waiting.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _waiting.TrySetResult();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
