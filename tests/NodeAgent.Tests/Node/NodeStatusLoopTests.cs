using System.Globalization;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Tests.Support;
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
            new PressureState(), cri,
            new ImageStore(options, cri, time), events, time, NullLogger<NodeStatusLoop>.Instance);
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
            new PressureState(), cri,
            new ImageStore(options, cri, time), events, time, NullLogger<NodeStatusLoop>.Instance);
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
    public async Task Who_cordons_a_node_finds_an_event_of_it()
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
            cri, new ImageStore(options, cri, TimeProvider.System), events, TimeProvider.System,
            NullLogger<NodeStatusLoop>.Instance);
        await events.StartAsync(CancellationToken.None);
        await loop.StartAsync(CancellationToken.None);
        foreach (var (isCordoned, reason) in new[] { (true, "NodeNotSchedulable"), (false, "NodeSchedulable") })
        {
            node.NoteSchedulable(new V1Node { Spec = new V1NodeSpec { Unschedulable = isCordoned } });
            node.NoteSchedulable(new V1Node { Spec = new V1NodeSpec { Unschedulable = isCordoned } });

            await api.UntilAsync(() => api.Events.Any(e => e.Reason == reason), () => reason, seconds: 120);
            var told = Assert.Single(api.Events, e => e.Reason == reason);
            Assert.Equal(
                ("Node", "n1", "Normal", $"Node n1 status is now: {reason}", 1),
                (told.InvolvedObject.Kind, told.InvolvedObject.Name, told.Type, told.Message, told.Count ?? 0));
        }

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
