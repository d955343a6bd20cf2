using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class SchedulerLoopTests : IAsyncDisposable
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
    public async Task BindsPodsAndTellsOfIt()
    {
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        _api.Put(WellKnown.Pods, new PodSketch("a").Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n" && _api.All(WellKnown.Events).Count > 0);
        var recorded = Assert.Single(_api.All(WellKnown.Events));
        Assert.Equal("Scheduled", recorded["reason"]!.GetValue<string>());
        Assert.Equal("Successfully assigned default/a to n", recorded["message"]!.GetValue<string>());
        Assert.Equal("Normal", recorded["type"]!.GetValue<string>());
        Assert.Equal("Binding", recorded["action"]!.GetValue<string>());
        Assert.Equal("default-scheduler", recorded["reportingComponent"]!.GetValue<string>());
        Assert.Equal("system:kube-scheduler", _api.Writers["binding pods"]);
    }

    [Fact]
    public async Task SaysWhyAPodFitsNowhereAndBindsItWhenANodeComes()
    {
        Start();
        _api.Put(WellKnown.Pods, new PodSketch("a").Build());
        await _api.UntilAsync(() => Condition("a") is not null && _api.All(WellKnown.Events).Count > 0);
        Assert.Equal("False", Condition("a")!["status"]!.GetValue<string>());
        Assert.Equal("Unschedulable", Condition("a")!["reason"]!.GetValue<string>());
        Assert.Equal("no nodes available to schedule pods", Condition("a")!["message"]!.GetValue<string>());
        Assert.Equal("FailedScheduling", _api.All(WellKnown.Events)[0]["reason"]!.GetValue<string>());
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        await _api.UntilAsync(() => NodeOf("a") == "n");
    }

    [Fact]
    public async Task AFailedBindingIsTriedAgain()
    {
        var refusals = 0;
        _api.Intercept = (what, _) =>
            what == "binding pods" && refusals++ == 0 ? StatusErrors.InternalError("no") : null;
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        _api.Put(WellKnown.Pods, new PodSketch("a").Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n");
        Assert.Equal(2, refusals);
    }

    [Fact]
    public async Task APodWhoseBindingFailsIsNominatedNoMore()
    {
        _api.Intercept = (what, _) => what == "binding pods" ? StatusErrors.InternalError("no") : null;
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Status = """{"nominatedNodeName":"n"}""" }.Build());
        Start();
        await _api.UntilAsync(() => Condition("a") is not null);
        Assert.Equal("SchedulerError", Condition("a")!["reason"]!.GetValue<string>());
        Assert.StartsWith(
            "running Bind plugin \"DefaultBinder\": ", Condition("a")!["message"]!.GetValue<string>(),
            StringComparison.Ordinal);
        Assert.Null(Pod("a")["status"]!["nominatedNodeName"]);
    }

    [Fact]
    public async Task WithoutAnyNodeAPodIsNominatedNoMore()
    {
        _api.Put(WellKnown.Pods, new PodSketch("a") { Status = """{"nominatedNodeName":"n"}""" }.Build());
        Start();
        await _api.UntilAsync(() => Condition("a") is not null);
        Assert.Equal("no nodes available to schedule pods", Condition("a")!["message"]!.GetValue<string>());
        Assert.Null(Pod("a")["status"]!["nominatedNodeName"]);
    }

    [Fact]
    public async Task AnUnknownOutcomeIsLookedUpNotGuessed()
    {
        // The answer is lost, but the binding took place: the pod must stay where it is, and count there.
        _api.Intercept = (what, key) =>
        {
            if (what != "binding pods" || key.Name != "a")
            {
                return null;
            }

            _api.Put(WellKnown.Pods, new PodSketch("a") { NodeName = "n" }.Build());
            return StatusErrors.Timeout("lost");
        };
        _api.Put(WellKnown.Nodes, new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=1" }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("a").Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n");
        _api.Put(WellKnown.Pods, new PodSketch("b").Build());
        await _api.UntilAsync(() => Condition("b") is not null);
        Assert.Contains("Too many pods", Condition("b")!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    /// <summary>
    /// Whether the event is not there when it is counted on: then it is made again; and whether it comes meanwhile.
    /// </summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task ARepeatedFailureCountsOnItsFirstEvent(bool isGone, bool isLate)
    {
        const string affinity =
            """
            "affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
            {"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"x"}}}]}}
            """;
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        Start();
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = affinity }.Build());
        await _api.UntilAsync(() => Condition("a") is not null);

        // The condition makes another version of the pod; from then on nothing about it changes. Pods that it wants
        // have it tried again, on a node without the label.
        var other = new PodSketch("other-1") { NodeName = "n", Metadata = "\"labels\":{\"app\":\"x\"}" };
        _api.Put(WellKnown.Pods, other.Build());
        await _api.UntilAsync(() => _api.All(WellKnown.Events).Count == 2);
        var first = _api.All(WellKnown.Events).MaxBy(NameOf, StringComparer.Ordinal)!;
        var counted = NameOf(first);
        if (isGone)
        {
            await _api.DeleteAsync(
                new DeleteRequest { Resource = WellKnown.Events, Key = new ObjectKey("default", counted) },
                TestContext.Current.CancellationToken);
        }

        if (isLate)
        {
            var key = new ObjectKey("default", counted);
            var late = new ResourceObject(key, "late", 1, JsonSerializer.SerializeToUtf8Bytes(first));
            _api.Intercept = (what, created) =>
            {
                if (what != "create events" || created != key)
                {
                    return null;
                }

                _api.Put(WellKnown.Events, late);
                return StatusErrors.AlreadyExists(WellKnown.Events, counted);
            };
        }

        _api.Put(WellKnown.Pods, (other with { Name = "other-2" }).Build());
        await _api.UntilAsync(() => _api.All(WellKnown.Events).Any(e => e["series"] is not null));
        var recorded = Assert.Single(_api.All(WellKnown.Events), e => e["series"] is not null);
        Assert.Equal((counted, 2), (NameOf(recorded), recorded["series"]!["count"]!.GetValue<int>()));
        Assert.Equal(2, _api.All(WellKnown.Events).Count);
        Assert.StartsWith(
            "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
            Condition("a")!["message"]!.GetValue<string>(),
            StringComparison.Ordinal);

        static string NameOf(JsonObject item) => item["metadata"]!["name"]!.GetValue<string>();
    }

    [Fact]
    public async Task APodOfHigherPriorityGetsThePlaceOfALowerOne()
    {
        _api.Put(WellKnown.Nodes, new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=1" }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("low") { NodeName = "n" }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("high") { Priority = 1 }.Build());
        Start();
        await _api.UntilAsync(() => Pod("low")["metadata"]!["deletionTimestamp"] is not null && EventsOf("low").Any());
        var disruption = Pod("low")["status"]!["conditions"]!.AsArray().Single()!;
        Assert.Equal("DisruptionTarget", disruption["type"]!.GetValue<string>());
        Assert.Equal("PreemptionByScheduler", disruption["reason"]!.GetValue<string>());
        Assert.Equal(
            "default-scheduler: preempting to accommodate a higher priority pod",
            disruption["message"]!.GetValue<string>());
        var told = Assert.Single(EventsOf("low"));
        Assert.Equal("Preempted", told["reason"]!.GetValue<string>());
        Assert.Equal("Preempted by pod uid-default-high on node n", told["message"]!.GetValue<string>());
        Assert.Equal("n", Pod("high")["status"]!["nominatedNodeName"]!.GetValue<string>());
        Assert.Equal("0/1 nodes are available: 1 Too many pods.", Condition("high")!["message"]!.GetValue<string>());
        await _api.DeleteAsync(
            new DeleteRequest
            {
                Resource = WellKnown.Pods,
                Key = new ObjectKey("default", "low"),
                GracePeriodSeconds = 0,
            },
            TestContext.Current.CancellationToken);
        await _api.UntilAsync(() => NodeOf("high") == "n");
    }

    [Fact]
    public async Task VictimsThatCannotBeRemovedAreTriedAgain()
    {
        var refusals = 0;
        _api.Intercept =
            (what, _) => what == "delete pods" && refusals++ == 0 ? StatusErrors.InternalError("no") : null;
        _api.Put(WellKnown.Nodes, new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=1" }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("low") { NodeName = "n" }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("high") { Priority = 1 }.Build());
        Start();
        await _api.UntilAsync(() => Pod("low")["metadata"]!["deletionTimestamp"] is not null);
        Assert.Equal(2, refusals);
    }

    /// <summary>What came of its attempt is told at once, not when its turn has come.</summary>
    [Fact]
    public async Task APodThatMustWaitToMakeRoomIsToldOf()
    {
        using var isTold = new ManualResetEventSlim();
        _api.Intercept = (what, _) =>
        {
            if (what == "delete pods")
            {
                isTold.Wait(_stop.Token);
            }

            return null;
        };
        foreach (var name in (string[])["a", "b"])
        {
            _api.Put(WellKnown.Nodes, new NodeSketch(name) { Allocatable = "cpu=1,memory=1Gi,pods=1" }.Build());
            _api.Put(WellKnown.Pods, new PodSketch($"low-{name}") { NodeName = name }.Build());
            _api.Put(WellKnown.Pods, new PodSketch($"high-{name}") { Priority = 1 }.Build());
        }

        Start(maxInFlight: 1);
        try
        {
            await _api.UntilAsync(() => EventsOf("high-a").Any() && EventsOf("high-b").Any());
        }
        finally
        {
            isTold.Set();
        }

        await _api.UntilAsync(() => _api.All(WellKnown.Pods).Count(
            static p => p["metadata"]!["deletionTimestamp"] is not null) == 2);
    }

    [Fact]
    public async Task AnUnreadablePodHoldsUpNoOther()
    {
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = "\"tolerations\":[{\"key\":5}]" }.Build());
        _api.Put(WellKnown.Pods, new PodSketch("b").Build());
        Start();
        await _api.UntilAsync(() => NodeOf("b") == "n");
        Assert.Null(NodeOf("a"));
    }

    [Fact]
    public async Task AThousandPodsAreSpreadEvenly()
    {
        const int Nodes = 50;
        const int Pods = 1000;
        for (var i = 0; i < Nodes; i++)
        {
            _api.Put(WellKnown.Nodes, new NodeSketch(SchedulingObjects.Numbered("n", i)).Build());
        }

        Start();
        for (var i = 0; i < Pods; i++)
        {
            _api.Put(WellKnown.Pods, new PodSketch(SchedulingObjects.Numbered("p", i)).Build());
        }

        await _api.UntilAsync(() => _api.All(WellKnown.Pods).All(p => p["spec"]!["nodeName"] is not null));
        var perNode =
            _api.All(WellKnown.Pods).GroupBy(p => p["spec"]!["nodeName"]!.GetValue<string>()).Select(g => g.Count());
        Assert.All(perNode, count => Assert.Equal(Pods / Nodes, count));
    }

    [Fact]
    public async Task ALoopEndsWithItsSilo()
    {
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        _api.Put(WellKnown.Pods, new PodSketch("a").Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n");
        _api.EndFollowers();
        await _run.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private void Start(int maxInFlight = 256)
    {
        var options = new SchedulerOptions { Seed = 1, MaxBindingsInFlight = maxInFlight };
        var loop = new SchedulerLoop(_api, options, TimeProvider.System, NullLogger.Instance);
        _run = RunAsync(loop);
    }

    private async Task RunAsync(SchedulerLoop loop)
    {
        using (loop)
        {
            await loop.RunAsync(_stop.Token);
        }
    }

    private System.Text.Json.Nodes.JsonObject Pod(string name) =>
        _api.Find(WellKnown.Pods, new ObjectKey("default", name))!;

    private IEnumerable<System.Text.Json.Nodes.JsonObject> EventsOf(string pod) =>
        _api.All(WellKnown.Events).Where(e => e["involvedObject"]!["name"]!.GetValue<string>() == pod);

    private string? NodeOf(string pod) =>
        _api.Find(WellKnown.Pods, new ObjectKey("default", pod))?["spec"]?["nodeName"]?.GetValue<string>();

    private System.Text.Json.Nodes.JsonNode? Condition(string pod) =>
        _api.Find(WellKnown.Pods, new ObjectKey("default", pod))?["status"]?["conditions"]?.AsArray()
            .FirstOrDefault(c => c!["type"]!.GetValue<string>() == "PodScheduled");
}
