using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Grains.Tests.Scheduling.Extenders;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Decisions where extenders have a say, each a real server.</summary>
public sealed class ExtendedSearchTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestExtender _first = null!;
    private TestExtender _second = null!;

    public async ValueTask InitializeAsync() =>
        (_first, _second) = (await TestExtender.StartAsync(), await TestExtender.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    /// <summary>Plugins first: what they reject, no extender sees. Then one extender after the other.</summary>
    [Fact]
    public async Task Extenders_are_asked_in_turn_about_what_is_left()
    {
        _first.On("filter", """{"NodeNames":["c","b"],"FailedNodes":{"a":"busy"}}""");
        _second.On("filter", """{"NodeNames":["c"],"FailedAndUnresolvableNodes":{"b":"broken"}}""");
        using var extenders = Both();
        var core = Core(extenders, "a", "b", "c");
        core.ApplyNode(ChangeKind.Added, new NodeSketch("d") { Unschedulable = true }.Build());
        Assert.Equal("c", (await DecideAsync(core, "p")).NodeName);
        Assert.Equal(["a", "b", "c"], Names(_first).Order());
        Assert.Equal(["c", "b"], Names(_second));
    }

    [Fact]
    public async Task What_extenders_reject_is_told_beside_what_plugins_reject()
    {
        _first.On("filter", """{"NodeNames":["b"],"FailedNodes":{"a":"busy"}}""");
        _second.On(
            "filter", """{"NodeNames":[],"FailedNodes":{"b":"x"},"FailedAndUnresolvableNodes":{"b":"broken"}}""");
        using var extenders = Both();
        var core = Core(extenders, "a", "b");
        core.ApplyNode(ChangeKind.Added, new NodeSketch("d") { Unschedulable = true }.Build());
        var decision = await DecideAsync(core, "p");
        Assert.Null(decision.NodeName);
        Assert.Equal(
            "0/3 nodes are available: 1 broken, 1 busy, 1 node(s) were unschedulable. no new claims to deallocate, "
            + "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, "
            + "2 Preemption is not helpful for scheduling.",
            decision.Message);
    }

    /// <summary>Nothing is told of nodes that an extender drops without a word; anything may help the pod.</summary>
    [Fact]
    public async Task A_pod_that_an_extender_rejects_is_tried_again_whatever_happens()
    {
        _first.On("filter", "{}");
        using var extenders = _first.Set(_first.Settings);
        var core = Core(extenders, "a");
        Assert.StartsWith(
            "0/1 nodes are available: no new claims", (await DecideAsync(core, "p")).Message, StringComparison.Ordinal);
        core.ApplyPod(ChangeKind.Added, new PodSketch("other") { NodeName = "a" }.Build());
        _time.Advance(new SchedulingBackoff().Max);
        core.Tick();
        _first.On("filter", """{"NodeNames":["a"]}""");
        Assert.Equal("a", (await core.DecideNextAsync(CancellationToken.None))!.NodeName);
    }

    /// <summary>10 points of weight 3 are more than all that plugins say; who fails says nothing.</summary>
    [Fact]
    public async Task Scores_are_weighed_and_added()
    {
        _first.On("prioritize", """[{"Host":"a","Score":1},{"Host":"b","Score":10},{"Host":"z","Score":99}]""");
        _second.On("prioritize", """[{"Host":"b","Score":1},{"Host":"c","Score":10}]""");
        var settings = _first.Settings with { FilterVerb = "", PrioritizeVerb = "prioritize", Weight = 30 };
        using var extenders = new ExtenderSet(
            [settings, settings with { UrlPrefix = _second.Url, Weight = 29 }], _time, NullLogger.Instance);
        Assert.Equal("b", (await DecideAsync(Core(extenders, "a", "b", "c"), "p")).NodeName);
        _first.On("prioritize", "500");
        Assert.Equal("c", (await DecideAsync(Core(extenders, "a", "b", "c"), "p")).NodeName);
        Assert.Equal("a", (await DecideAsync(Core(extenders, "a"), "p")).NodeName);
        Assert.Equal(2, _second.Asked.Count);
    }

    [Theory]
    [InlineData("500", "failed filter with extender at URL {0}/filter, code 500")]
    [InlineData("""{"NodeNames":["z"]}""",
        "extender \"{0}/\" claims a filtered node \"z\" which is not found in the input node list")]
    public async Task Who_fails_ends_the_attempt_unless_it_can_be_done_without(string answer, string complaint)
    {
        _first.On("filter", answer);
        _second.On("filter", """{"NodeNames":["b"]}""");
        using (var extenders = Both())
        {
            var decision = await DecideAsync(Core(extenders, "a", "b"), "p");
            Assert.True(decision.IsError);
            Assert.Equal(complaint.Replace("{0}", _first.Url, StringComparison.Ordinal), decision.Message);
        }

        using var ignoring = new ExtenderSet(
            [_first.Settings with { IsIgnorable = true }, _second.Settings], _time, NullLogger.Instance);
        Assert.Equal("b", (await DecideAsync(Core(ignoring, "a", "b"), "p")).NodeName);
        Assert.Equal(["b"], Names(_first)); // who can be done without is asked last
    }

    /// <summary>Nothing that an extender says brings the scheduler down.</summary>
    [Theory]
    [InlineData(
        """{"NodeNames":["a","a","b","b"],"FailedNodes":{"a":null}}""", """[null,{},{"Host":"b","Score":10}]""", "b")]
    [InlineData("""{"NodeNames":[null]}""", "[]",
        "extender \"{0}/\" claims a filtered node \"\" which is not found in the input node list")]
    [InlineData("""{"Nodes":{"items":[null]}}""", "[]",
        "extender \"{0}/\" claims a filtered node \"\" which is not found in the input node list")]
    [InlineData("null", "null", "0/2 nodes are available: no new claims to deallocate, preemption: 0/2 nodes are "
        + "available: 2 Preemption is not helpful for scheduling.")]
    public async Task Odd_answers_are_borne(string filter, string prioritize, string result)
    {
        _first.On("filter", filter).On("prioritize", prioritize);
        using var extenders = _first.Set(
            _first.Settings with { PrioritizeVerb = "prioritize", Weight = 30 });
        var decision = await DecideAsync(Core(extenders, "a", "b"), "p");
        Assert.Equal(
            result.Replace("{0}", _first.Url, StringComparison.Ordinal), decision.NodeName ?? decision.Message);
    }

    [Fact]
    public async Task Pods_without_what_an_extender_manages_are_none_of_its_business()
    {
        _first.On("filter", """{"NodeNames":[]}""");
        using var extenders = _first.Set(
            _first.Settings with { ManagedResources = new HashSet<string> { "example.com/gpu" } });
        Assert.Equal("a", (await DecideAsync(Core(extenders, "a"), "p")).NodeName);
        Assert.Empty(_first.Asked);
    }

    [Fact]
    public async Task A_nominated_node_is_asked_about_alone_and_left_when_it_will_not_do()
    {
        _first.On("filter", q => q["NodeNames"]!.AsArray().Count == 1
            ? """{"NodeNames":[]}"""
            : """{"NodeNames":["a"]}""");
        using var extenders = _first.Set(_first.Settings);
        var core = Core(extenders, "a", "b");
        var decision = await DecideAsync(core, "p", status: """{"nominatedNodeName":"b"}""");
        Assert.Equal("a", decision.NodeName);
        Assert.Equal(2, _first.Asked.Count);
        _first.On("filter", """{"NodeNames":["b"]}""");
        Assert.Equal("b", (await DecideAsync(core, "q", status: """{"nominatedNodeName":"b"}""")).NodeName);
        Assert.Equal(3, _first.Asked.Count);
    }

    /// <summary>
    /// The cheapest node would be that of the least important pod, but the extender leaves only the other.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_extender_says_where_room_may_be_made(bool knowsNodes)
    {
        _first.On(
            "preempt",
            """{"NodeNameToMetaVictims":{"b":{"Pods":[{"UID":"uid-default-onb"}],"NumPDBViolations":0}}}""");
        using var extenders = _first.Set(
            _first.Settings with { FilterVerb = "", PreemptVerb = "preempt", KnowsNodes = knowsNodes });
        var decision = await DecideAsync(FullCore(extenders), "p", "cpu=4", priority: 100);
        Assert.Equal("b", decision.Nomination);
        Assert.Equal("onb", Assert.Single(decision.Preemption!.Victims).Key.Name);
        var question = Assert.Single(_first.Asked).Question;
        var victims = question[knowsNodes ? "NodeNameToMetaVictims" : "NodeNameToVictims"]!.AsObject();
        Assert.Equal(["a", "b"], victims.Select(v => v.Key).Order());
        var victim = victims["a"]!["Pods"]![0]!;
        Assert.Equal(
            "uid-default-ona",
            (knowsNodes ? victim["UID"] : victim["metadata"]!["uid"])!.GetValue<string>());
        Assert.Equal(0, victims["a"]!["NumPDBViolations"]!.GetValue<int>());
        Assert.Null(question[knowsNodes ? "NodeNameToVictims" : "NodeNameToMetaVictims"]);
    }

    [Theory]
    [InlineData("500", false, "failed preempt with extender at URL {0}/preempt, code 500")]
    [InlineData("{}", false, "no new claims to deallocate, preemption: no candidate node for preemption")]
    [InlineData("""{"NodeNameToMetaVictims":{"a":{"Pods":[]}}}""", false,
        "expected at least one victim pod on node \"a\"")]
    [InlineData("""{"NodeNameToMetaVictims":{"z":{"Pods":[]}}}""", false, "nodeinfo not found for node name \"z\"")]
    [InlineData("""{"NodeNameToMetaVictims":{"a":{"Pods":[{"UID":"x"}]}}}""", false,
        "extender: {0}/ claims to preempt pod (UID: x) on node: a, but the pod is not found on that node")]
    [InlineData("""{"NodeNameToMetaVictims":{"a":{"Pods":[null]}}}""", false,
        "extender: {0}/ claims to preempt pod (UID: ) on node: a, but the pod is not found on that node")]
    [InlineData("""{"NodeNameToMetaVictims":{"a":null}}""", false, "expected at least one victim pod on node \"a\"")]
    [InlineData("null", false, "no new claims to deallocate, preemption: no candidate node for preemption")]
    [InlineData("500", true, null)]
    [InlineData("""{"NodeNameToMetaVictims":{"a":{"Pods":[]}}}""", true,
        "no new claims to deallocate, preemption: no candidate node for preemption")]
    public async Task What_goes_wrong_when_room_is_made(string answer, bool isIgnorable, string? message)
    {
        _first.On("preempt", answer);
        using var extenders = _first.Set(
            _first.Settings with { FilterVerb = "", PreemptVerb = "preempt", IsIgnorable = isIgnorable });
        var decision = await DecideAsync(FullCore(extenders), "p", "cpu=4", priority: 100);
        if (message is null)
        {
            Assert.Equal("a", decision.Nomination);
            return;
        }

        Assert.Null(decision.Preemption);
        Assert.Equal(
            "0/2 nodes are available: 2 Insufficient cpu. "
            + message.Replace("{0}", _first.Url, StringComparison.Ordinal),
            decision.Message);
    }

    /// <summary>There is room on the node that the extender rejects: nobody can be removed for that.</summary>
    [Fact]
    public async Task Nobody_is_removed_from_a_node_that_plugins_let_through()
    {
        _first.On("filter", """{"NodeNames":[],"FailedNodes":{"a":"not today"}}""");
        using var extenders = _first.Set(_first.Settings);
        var core = Core(extenders, "a");
        core.ApplyPod(ChangeKind.Added, new PodSketch("low") { NodeName = "a", Requests = "cpu=1" }.Build());
        Assert.Equal(
            "0/1 nodes are available: 1 not today. expected at least one victim pod on node \"a\"",
            (await DecideAsync(core, "p", "cpu=1", priority: 100)).Message);
    }

    /// <summary>
    /// Whether there are no extenders, one that has nothing to do with any pod, or one that agrees with all: of equal
    /// worlds equal things become.
    /// </summary>
    [Fact]
    public async Task Without_objections_decisions_are_what_they_are_without_extenders()
    {
        _first.On("filter", static q => new JsonObject { ["NodeNames"] = q["NodeNames"]!.DeepClone() }.ToJsonString());
        _first.On("prioritize", "[]");
        var agreeing = _first.Settings with { PrioritizeVerb = "prioritize", Weight = 1 };
        using var uninterested = _first.Set(
            agreeing with { ManagedResources = new HashSet<string> { "example.com/none" } });
        using var agreed = _first.Set(agreeing);
        for (var seed = 1; seed <= 20; seed++)
        {
            var without = await StoryAsync(seed, null);
            Assert.Contains(without, static d => d.NodeName is not null);
            Assert.Equal(without, await StoryAsync(seed, uninterested));
            Assert.Equal(without, await StoryAsync(seed, agreed));
        }

        Assert.NotEmpty(_first.Asked);
    }

    /// <summary>Nodes come, pods come and are decided on, some leave; what was decided, in order.</summary>
    private async Task<List<(string Pod, string? NodeName, string? Message, string? Nomination)>> StoryAsync(
        int seed, ExtenderSet? extenders)
    {
        var (random, story) = (new Random(seed), new List<(string, string?, string?, string?)>());
        var core = new SchedulerCore([new SchedulerProfile()], _time, new Random(seed)) { Extenders = extenders };
        for (var i = 0; i < 30; i++)
        {
            if (random.Next(3) == 0)
            {
                var size = random.Next(1, 5);
                core.ApplyNode(ChangeKind.Added, new NodeSketch($"n{i}")
                {
                    Allocatable = $"cpu={size},memory={size}Gi,pods=4",
                    Labels = $"topology.kubernetes.io/zone=z{i % 3}",
                }.Build());
            }

            core.ApplyPod(ChangeKind.Added, new PodSketch($"p{i}")
            {
                Requests = $"cpu={random.Next(1, 8) * 250}m,memory=256Mi", Priority = random.Next(3),
                HostPort = random.Next(4) == 0 ? 80 : 0,
            }.Build());
            core.Tick();
            while ((extenders is null ? core.DecideNext() : await core.DecideNextAsync(CancellationToken.None))
                is { } decision)
            {
                story.Add((decision.Pod.Key.Name, decision.NodeName, decision.Message, decision.Nomination));
            }
        }

        return story;
    }

    private static IEnumerable<string> Names(TestExtender extender) =>
        extender.Asked.Last().Question["NodeNames"]!.AsArray().Select(static n => n!.GetValue<string>());

    private ExtenderSet Both() => new([_first.Settings, _second.Settings], _time, NullLogger.Instance);

    private SchedulerCore Core(ExtenderSet extenders, params string[] nodes)
    {
        var core = new SchedulerCore([new SchedulerProfile()], _time, new Random(1)) { Extenders = extenders };
        foreach (var node in nodes)
        {
            core.ApplyNode(ChangeKind.Added, new NodeSketch(node).Build());
        }

        return core;
    }

    /// <summary>Two nodes, each full with a pod; that on the first is the less important one.</summary>
    private SchedulerCore FullCore(ExtenderSet extenders)
    {
        var core = Core(extenders, "a", "b");
        foreach (var (node, priority) in (ReadOnlySpan<(string, int)>)[("a", 1), ("b", 2)])
        {
            core.ApplyPod(ChangeKind.Added, new PodSketch($"on{node}")
            {
                NodeName = node, Requests = "cpu=4", Priority = priority,
            }.Build());
        }

        return core;
    }

    private static async Task<SchedulingDecision> DecideAsync(
        SchedulerCore core, string name, string requests = "", int priority = 0, string status = "{}")
    {
        core.ApplyPod(ChangeKind.Added, new PodSketch(name)
        {
            Requests = requests, Priority = priority, Status = status,
        }.Build());
        core.Tick();
        var decision = await core.DecideNextAsync(TestContext.Current.CancellationToken);
        Assert.Equal(name, decision!.Pod.Key.Name);
        return decision;
    }
}
