using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Shutdown;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Shutdown;

/// <summary>A whole node with containers, whose machine goes down, as far as it is told.</summary>
[Collection("node that goes down")]
public sealed class NodeShutdownTests : IAsyncLifetime
{
    private const int Critical = 2_000_000_000;
    private const int PowerFails = 30;
    private const string Message = "Pod was terminated in response to imminent node shutdown.";

    private FakeLogind _logind = null!;
    private NodeHarness _node = null!;

    public async ValueTask InitializeAsync()
    {
        _logind = await FakeLogind.StartAsync();
        _node = NewNode();
        await _node.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _logind.DisposeAsync();
    }

    [Fact]
    public async Task Pods_end_by_their_priorities_and_then_the_machine_may_go()
    {
        _node.Require();
        var held = await _logind.NextLockAsync();
        Assert.Equal(123, (int)_logind.Delay.TotalSeconds);
        var web = await RunningAsync("web", 0, TestPods.Service("c"));
        var endless = TestPods.Shell("c", "trap '' TERM; while true; do sleep 1; done");
        var stubborn = await RunningAsync("stubborn", 999, endless);
        var leaving = await RunningAsync("leaving", 999, endless);
        _node.Cluster.BeginDelete(leaving); // with all the time that it wants
        var driver = await RunningAsync("driver", Critical, TestPods.Service("c"));

        _logind.Tell(isShuttingDown: true);
        await held;
        await _node.Cluster.UntilAsync(stubborn, static p => p.Status.Phase == "Failed", "killed");
        await _node.Cluster.UntilAsync(() => !_node.Cluster.Exists(leaving), static () => "deleted");

        foreach (var pod in new[] { web, stubborn, driver })
        {
            var status = _node.Cluster.Get(pod).Status;
            Assert.Equal(("Failed", "Terminated", Message), (status.Phase, status.Reason, status.Message));
            Assert.Contains(status.Conditions, static c => c is
            {
                Type: "DisruptionTarget", Status: "True", Reason: "TerminationByKubelet", Message: Message,
            });
        }

        Assert.True( // times are of whole seconds, and the period between takes three of them
            EndOf(driver) - EndOf(web) >= TimeSpan.FromSeconds(2), "the driver ended before a pod that may need it");
        Assert.Equal(137, Ended(stubborn).ExitCode);
        await RefusesAsync();
        await Told("Shutdown manager detected shutdown event");
        var (start, end) = Times();
        Assert.True(start < end);

        _logind.Tell(isShuttingDown: false);
        Assert.False((await _logind.NextLockAsync()).IsCompleted);
        await Told("Shutdown manager detected shutdown cancellation");
        Assert.False(_node.Get<ShutdownState>().IsShuttingDown);
        await RunningAsync("again", 0, TestPods.Service("c"));
    }

    [Fact]
    public async Task A_machine_without_logind_says_it_by_a_signal()
    {
        _node.Require();
        await _logind.NextLockAsync(); // the signal is waited for, too, by then
        var web = await RunningAsync("web", 0, TestPods.Service("c"));

        Assert.True(Linux.Signal(Environment.ProcessId, PowerFails));

        await _node.Cluster.UntilAsync(web, static p => p.Status.Phase == "Failed", "ended");
        Assert.Equal(Message, _node.Cluster.Get(web).Status.Message);
        await RefusesAsync();
        await _node.Cluster.UntilAsync(() => Times().End is not null, static () => "the end in the file", poll: true);
    }

    private NodeHarness NewNode() => new(
        Directory.CreateTempSubdirectory("orc-down-").FullName,
        options => options with
        {
            NodeName = "node-going-down", PodCidr = "10.199.9.0/24", BridgeName = "orctest2",
            Shutdown = new ShutdownOptions
            {
                GracePeriodByPodPriority = ShutdownPeriod.Parse("0=60s,500=3s,1000=60s")!,
                BusSocket = _logind.SocketPath, LogindConfiguration = _logind.Configuration,
            },
        });

    private async Task RefusesAsync()
    {
        var late = _node.Cluster.Create(TestPods.Pod("late", TestPods.Service("c")));
        await _node.Cluster.UntilAsync(late, static p => p.Status.Phase == "Failed", "refused");
        var status = _node.Cluster.Get(late).Status;
        Assert.Equal(
            ("NodeShutdown", "Pod was rejected: Pod was rejected as the node is shutting down."),
            (status.Reason, status.Message));
    }

    private async Task<V1Pod> RunningAsync(string name, int priority, V1Container container)
    {
        var pod = TestPods.Pod(name, container);
        (pod.Spec.Priority, pod.Spec.TerminationGracePeriodSeconds) = (priority, 1000);
        _node.Cluster.Create(pod);
        return await _node.Cluster.UntilAsync(pod, TestPods.IsReady, "ready");
    }

    private Task Told(string message) => _node.Cluster.UntilAsync(
        () => _node.Cluster.Events.Any(e => e.Reason == "NodeShutdown" && e.Message == message),
        () => $"event {message}");

    private V1ContainerStateTerminated Ended(V1Pod pod) =>
        _node.Cluster.Get(pod).Status.ContainerStatuses[0].State.Terminated;

    private DateTime? EndOf(V1Pod pod) => Ended(pod).FinishedAt;

    private (DateTimeOffset? Start, DateTimeOffset? End) Times()
    {
        var known = JsonNode.Parse(
            File.ReadAllText(Path.Combine(_node.Options.DataDirectory, "graceful_node_shutdown_state")))!;
        return ((DateTimeOffset?)known["startTime"], (DateTimeOffset?)known["endTime"]);
    }
}

/// <summary>After all others: two nodes at once in one network would be taken for each other.</summary>
[CollectionDefinition("node that goes down", DisableParallelization = true)]
public sealed class NodeThatGoesDownCollection;
