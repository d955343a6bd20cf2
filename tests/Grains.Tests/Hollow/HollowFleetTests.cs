using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Hollow;
using OrleansOrchestrator.Grains.Tests.Scheduling;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Hollow;

public sealed class HollowFleetTests : IAsyncDisposable
{
    private readonly SchedulingApi _api = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    [Fact]
    public async Task NodesRegisterReadyWithLeases()
    {
        Start(3);
        await _api.UntilAsync(() => _api.All(WellKnown.Leases).Count == 3);
        var node = _api.Find(WellKnown.Nodes, new ObjectKey("", "hollow-node-1"))!;
        Assert.Equal("32", node["status"]!["allocatable"]!["cpu"]!.GetValue<string>());
        Assert.Equal("True", Condition(node, "Ready")!["status"]!.GetValue<string>());
        Assert.Equal("172.20.0.2", node["status"]!["addresses"]![0]!["address"]!.GetValue<string>());
        var lease = _api.Find(WellKnown.Leases, new ObjectKey("kube-node-lease", "hollow-node-1"))!;
        Assert.Equal(
            node["metadata"]!["uid"]!.GetValue<string>(),
            lease["metadata"]!["ownerReferences"]![0]!["uid"]!.GetValue<string>());
        Assert.StartsWith("system:node:hollow-node-", _api.Writers["create leases"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABoundPodRunsWithAnAddressAndGoesWhenDeleted()
    {
        Start(2);
        _api.Put(WellKnown.Pods, new PodSketch("a") { NodeName = "hollow-node-1" }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("elsewhere") { NodeName = "real" }.Build());
        await _api.UntilAsync(() => Phase("a") == "Running");
        var status = Pod("a")!["status"]!;
        Assert.Equal("10.128.1.1", status["podIP"]!.GetValue<string>());
        Assert.Equal("True", Condition(Pod("a")!, "Ready")!["status"]!.GetValue<string>());
        Assert.True(status["containerStatuses"]![0]!["ready"]!.GetValue<bool>());
        Assert.Null(Phase("elsewhere"));
        await _api.DeleteAsync(
            new DeleteRequest { Resource = WellKnown.Pods, Key = new ObjectKey("default", "a") }, default);
        await _api.UntilAsync(() => Pod("a") is null);
        _api.Put(WellKnown.Pods, new PodSketch("b") { NodeName = "hollow-node-1" }.Build());
        await _api.UntilAsync(() => Phase("b") == "Running");
        Assert.Equal("10.128.1.1", Pod("b")!["status"]!["podIP"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("0", "Succeeded", "Completed")]
    [InlineData("3", "Failed", "Error")]
    public async Task APodThatMayEndEnds(string exitCode, string phase, string reason)
    {
        Start(1);
        _api.Put(WellKnown.Pods, new PodSketch("job")
        {
            NodeName = "hollow-node-0",
            Metadata = $$"""
                "annotations":{"hollow-node/run-duration":"20ms","hollow-node/exit-code":"{{exitCode}}"}
                """,
            Spec = "\"restartPolicy\":\"Never\",\"initContainers\":[{\"name\":\"i\",\"image\":\"x\"}]",
        }.Build());
        await _api.UntilAsync(() => Phase("job") == phase);
        var terminated = Pod("job")!["status"]!["containerStatuses"]![0]!["state"]!["terminated"]!;
        Assert.Equal(reason, terminated["reason"]!.GetValue<string>());
        Assert.Equal(exitCode, terminated["exitCode"]!.ToJsonString());
        Assert.Equal(
            0,
            Pod("job")!["status"]!["initContainerStatuses"]![0]!["state"]!["terminated"]!["exitCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task ANewFleetAdoptsWhatIsThere()
    {
        _api.Put(WellKnown.Nodes, new NodeSketch("hollow-node-0").Build());
        _api.Put(WellKnown.Pods, new PodSketch("old")
        {
            NodeName = "hollow-node-0", Status = "{\"phase\":\"Running\",\"podIP\":\"10.128.0.1\"}",
        }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("fresh") { NodeName = "hollow-node-0" }.Build());
        var before = Pod("old")!["metadata"]!["resourceVersion"]!.GetValue<string>();
        Start(1);
        await _api.UntilAsync(() => Phase("fresh") == "Running");
        Assert.Equal("10.128.0.2", Pod("fresh")!["status"]!["podIP"]!.GetValue<string>());
        Assert.Equal(before, Pod("old")!["metadata"]!["resourceVersion"]!.GetValue<string>());
        Assert.Equal("True", Condition(_api.Find(WellKnown.Nodes, new ObjectKey("", "hollow-node-0"))!, "Ready")!["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task ANodeSaidToBeLostReportsAgain()
    {
        Start(1);
        await _api.UntilAsync(() => _api.All(WellKnown.Leases).Count == 1);
        var node = _api.Find(WellKnown.Nodes, new ObjectKey("", "hollow-node-0"))!.DeepClone().AsObject();
        Condition(node, "Ready")!["status"] = "Unknown";
        _api.Put(
            WellKnown.Nodes, SchedulingObjects.Object(new ObjectKey("", "hollow-node-0"), "", 0, node.ToJsonString()));
        await _api.UntilAsync(() =>
            Condition(_api.Find(WellKnown.Nodes, new ObjectKey("", "hollow-node-0"))!, "Ready")!["status"]!.GetValue<string>() == "True");
    }

    [Fact]
    public async Task ARefusedStepIsTriedAgain()
    {
        var refusals = 0;
        _api.Intercept = (what, _) =>
            what == "update pods" && refusals++ == 0 ? StatusErrors.InternalError("no") : null;
        Start(1);
        _api.Put(WellKnown.Pods, new PodSketch("a") { NodeName = "hollow-node-0" }.Build());
        await _api.UntilAsync(() => Phase("a") == "Running");
        Assert.Equal(2, refusals);
    }

    [Fact]
    public async Task WhatOthersSaidInTheStatusStays()
    {
        Start(1);
        var pod = new PodSketch("a") { NodeName = "hollow-node-0" }.Build();
        var body = JsonNode.Parse(pod.Json.Span)!.AsObject();
        body["status"] = JsonNode.Parse("""
            {"phase":"Pending","qosClass":"BestEffort","conditions":[{"type":"PodScheduled","status":"True"},{"type":"Ready","status":"False"}]}
            """);
        _api.Put(WellKnown.Pods, SchedulingObjects.Object(pod.Key, pod.Uid, 0, body.ToJsonString()));
        await _api.UntilAsync(() => Phase("a") == "Running");
        var status = Pod("a")!["status"]!;
        Assert.Equal("BestEffort", status["qosClass"]!.GetValue<string>());
        Assert.Equal("True", Condition(Pod("a")!, "PodScheduled")!["status"]!.GetValue<string>());
        Assert.Equal("True", Condition(Pod("a")!, "Ready")!["status"]!.GetValue<string>());
        Assert.Single(status["conditions"]!.AsArray(), c => c!["type"]!.GetValue<string>() == "Ready");
        Assert.Equal(body["spec"]!.ToJsonString(), Pod("a")!["spec"]!.ToJsonString());
    }

    [Theory]
    [InlineData("1.5s", 1500)]
    [InlineData("20ms", 20)]
    [InlineData("2m", 120_000)]
    [InlineData("5", null)]
    [InlineData("s", null)]
    [InlineData("-3s", null)]
    public void Durations(string text, int? milliseconds) =>
        Assert.Equal(milliseconds, (int?)HollowPod.ParseDuration(text)?.TotalMilliseconds);

    private void Start(int count)
    {
        var fleet =
            new HollowFleet(new HollowNodeSettings { Count = count }, _api, TimeProvider.System, NullLogger.Instance);
        _run = fleet.RunAsync(_stop.Token);
    }

    private JsonObject? Pod(string name) => _api.Find(WellKnown.Pods, new ObjectKey("default", name));

    private string? Phase(string name) => Pod(name)?["status"]?["phase"]?.GetValue<string>();

    private static JsonNode? Condition(JsonObject item, string type) =>
        item["status"]?["conditions"]?.AsArray().FirstOrDefault(c => c!["type"]!.GetValue<string>() == type);
}
