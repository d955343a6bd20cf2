using k8s.Models;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.FlowControl;
using OrleansOrchestrator.TestKit;
using Xunit;
using static OrleansOrchestrator.Api.Tests.FlowControl.FlowTexts;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class FlowControllerTests : IDisposable
{
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces";
    private const string JobController = "system:serviceaccount:kube-system:job-controller";
    private const string WebShop = "system:serviceaccount:shop:web";

    private readonly ManualTime _time = new();
    private readonly FlowController _flows;

    public FlowControllerTests() => _flows = new FlowController(new RequestLimits(), _time);

    /// <summary>What upstream's server has with its default flags.</summary>
    [Theory]
    [InlineData("exempt", 0, 0, 600)]
    [InlineData("catch-all", 13, 13, 613)]
    [InlineData("system", 74, 50, 674)]
    [InlineData("node-high", 98, 73, 698)]
    [InlineData("leader-election", 25, 25, 625)]
    [InlineData("workload-high", 98, 49, 698)]
    [InlineData("workload-low", 245, 24, 845)]
    [InlineData("global-default", 49, 24, 649)]
    public void SeatsAreUpstreams(string level, int nominal, int lower, int upper)
    {
        UseDefaults();
        var found = LevelOf(level);
        Assert.Equal((nominal, lower, upper), (found.Nominal, found.Lower, found.Upper));
    }

    /// <summary>The rows of upstream's <c>Test_GetMaxSeats</c>: the level has all seats but a few.</summary>
    [Theory]
    [InlineData(5, 6, 1)]
    [InlineData(10, 6, 1)]
    [InlineData(15, 6, 2)]
    [InlineData(20, 6, 3)]
    [InlineData(35, 6, 5)]
    [InlineData(100, 6, 15)]
    [InlineData(200, 6, 30)]
    [InlineData(10, 1, 2)]
    [InlineData(100, 20, 5)]
    public void ARequestMayHaveAPartOfItsLevel(int seats, int hand, int expected)
    {
        using var flows = new FlowController(
            new RequestLimits { MaxReadsInFlight = seats, MaxWritesInFlight = 0 }, _time);
        flows.Configure([Level("test-pl", 10_000, queues: 64, hand)], []);
        Assert.Equal(expected, flows.Plan.Levels.Single(static l => l.Name == "test-pl").MaxSeats);
    }

    [Theory]
    [InlineData("GET /api/v1/pods", "admin", "system:masters", "exempt", "exempt")]
    [InlineData("GET /livez", "jane", "", "probes", "exempt")]
    [InlineData("GET /livez/ping", "jane", "", "probes", "exempt")]
    [InlineData("POST /livez", "jane", "", "global-default", "global-default")]
    [InlineData("GET /metrics", "jane", "", "global-default", "global-default")]
    [InlineData(
        "PUT " + Leases + "/kube-node-lease/leases/n", "system:node:n", "system:nodes", "system-node-high",
        "node-high")]
    [InlineData("PATCH /api/v1/nodes/n/status", "system:node:n", "system:nodes", "system-node-high", "node-high")]
    [InlineData("GET /api/v1/nodes/n", "system:node:n", "system:nodes", "system-node-high", "node-high")]
    [InlineData("GET /api/v1/namespaces/x/pods/y", "system:node:n", "system:nodes", "system-nodes", "system")]
    [InlineData(
        "PUT " + Leases + "/kube-system/leases/x", "system:kube-scheduler", "", "system-leader-election",
        "leader-election")]
    [InlineData(
        "POST /api/v1/namespaces/x/pods/y/binding", "system:kube-scheduler", "", "kube-scheduler", "workload-high")]
    [InlineData("GET /api/v1/pods", "system:kube-controller-manager", "", "kube-controller-manager", "workload-high")]
    [InlineData(
        "GET /api/v1/pods", JobController, "system:serviceaccounts", "kube-system-service-accounts", "workload-high")]
    [InlineData("GET /api/v1/pods", WebShop, "system:serviceaccounts", "service-accounts", "workload-low")]
    [InlineData(
        "DELETE " + Leases + "/kube-system/leases/x", JobController, "system:serviceaccounts",
        "kube-system-service-accounts", "workload-high")]
    [InlineData("GET /api/v1/pods", "jane", "", "global-default", "global-default")]
    public void RequestsGoWhereUpstreamSendsThem(string request, string user, string group, string schema, string level)
    {
        UseDefaults();
        var flow = _flows.Classify(Request(request), User(user, group));
        Assert.Equal((schema, level), (flow.Stats.Schema, flow.Level.Name));
    }

    [Fact]
    public void WhatIsNotInTheClusterIsInTheServer()
    {
        Assert.Equal(["catch-all", "exempt"], _flows.Plan.Levels.Select(static l => l.Name));
        Assert.Equal(600, LevelOf("catch-all").Nominal);
        Assert.Equal("catch-all", _flows.Classify(Request("GET /livez"), Jane).Stats.Schema);
        var nobody = new UserIdentity { Name = "nobody" };
        Assert.Equal("catch-all", _flows.Classify(Request("GET /livez"), nobody).Stats.Schema);
        Assert.Equal("exempt", _flows.Classify(Request("GET /livez"), User("x", "system:masters")).Stats.Schema);
    }

    [Fact]
    public void SchemasWithoutALevelAndLevelsThatMakeNoSenseDoNotCount()
    {
        var odd = Level("odd", 10);
        odd.Spec.Type = "Exempt";
        _flows.Configure(
            [Level("here", 5), odd],
            [
                Schema("dangling", "gone", 1, Everything(OfUser("*"))),
                Schema("to-odd", "odd", 2, Everything(OfUser("*"))),
                Schema("b", "here", 3, Everything(OfUser("*"))),
                Schema("a", "here", 3, Everything(OfUser("*"))),
            ]);
        Assert.Equal("a", _flows.Classify(Request("GET /livez"), Jane).Stats.Schema);
        Assert.DoesNotContain(_flows.Plan.Levels, static l => l.Name == "odd");
    }

    [Fact]
    public void ALevelThatIsInUseGoesWhenItIsIdle()
    {
        _flows.Configure([Level("here", 5)], [Schema("a", "here", 3, Everything(OfUser("*")))]);
        var flow = _flows.Classify(Request("GET /livez"), Jane);
        var verdict = flow.Level.Queues.Ask(new(flow, "", SeatEstimate.One), [], out var slot, out _);
        Assert.Equal(SeatVerdict.Seated, verdict);
        _flows.Configure([], []);
        Assert.True(LevelOf("here").IsQuiescing);
        Assert.Equal(300, LevelOf("here").Nominal);
        Assert.Equal("catch-all", _flows.Classify(Request("GET /livez"), Jane).Stats.Schema);
        _flows.Adjust();
        Assert.Contains(_flows.Plan.Levels, static l => l.Name == "here");
        flow.Level.Queues.Return(slot);
        _flows.Adjust();
        Assert.DoesNotContain(_flows.Plan.Levels, static l => l.Name == "here");
        Assert.Equal(600, LevelOf("catch-all").Nominal);
    }

    [Fact]
    public void ALevelInNeedBorrowsWhatOthersDoNotUse()
    {
        UseDefaults();
        var low = LevelOf("workload-low");
        var before = low.Current;
        Flood("workload-low", 400);
        _flows.Adjust();
        _time.Advance(FlowController.AdjustmentPeriod);
        _flows.Adjust();
        Assert.InRange(low.Current, before + 100, low.Upper);
        Assert.All(_flows.Plan.Levels, static l => Assert.InRange(l.Current, l.Lower, l.Upper));
        var sum = _flows.Plan.Levels.Sum(static l => l.Nominal);
        Assert.InRange(_flows.Plan.Levels.Sum(static l => l.Current), sum - 8, sum + 8);
    }

    /// <summary>
    /// Exempt requests run whatever they are; what they use is missing for others, down to their own.
    /// </summary>
    [Theory]
    [InlineData(700, 0)]
    [InlineData(100, 1)]
    public void WhatExemptRequestsUseIsMissingForOthers(int exempt, int least)
    {
        UseDefaults();
        Flood("exempt", exempt);
        foreach (var level in _flows.Plan.Levels.Where(static l => !l.Settings.IsExempt))
        {
            Flood(level.Name, 700);
        }

        _time.Advance(FlowController.AdjustmentPeriod);
        _flows.Adjust();
        Assert.Equal(exempt, LevelOf("exempt").Current);
        var limited = _flows.Plan.Levels.Where(static l => !l.Settings.IsExempt).ToList();
        Assert.All(limited, static l => Assert.InRange(l.Current, l.Lower, l.Nominal));
        Assert.Equal(least == 0, limited.All(static l => l.Current == l.Lower));
    }

    /// <summary>
    /// One client floods with wide lists while nodes renew their leases and say how they are: nodes are served in as
    /// many turns as without it, and another client of the flooded level gets its share.
    /// </summary>
    [Fact]
    public void AFloodOfListsDoesNotSlowNodes()
    {
        var quiet = Turns(flood: 0);
        var flooded = Turns(flood: 300);
        Assert.All(
            quiet.Keys.Where(static f => f != "other"), flow => Assert.InRange(flooded[flow], 0, 2 * quiet[flow]));
        Assert.InRange(flooded["other"], 0, 10);
    }

    public void Dispose() => _flows.Dispose();

    private void UseDefaults() => _flows.Configure(BuiltInFlowControl.PriorityLevels, BuiltInFlowControl.FlowSchemas);

    private PriorityLevel LevelOf(string name) => _flows.Plan.Levels.Single(l => l.Name == name);

    /// <summary>So many requests of one flow want a seat of a level.</summary>
    private void Flood(string level, int requests)
    {
        var queues = LevelOf(level).Queues;
        int[] hand = [.. Enumerable.Range(0, 10)];
        for (var i = 0; i < requests; i++)
        {
            queues.Ask(new SeatRequest(null, "", SeatEstimate.One), hand, out _, out _);
        }
    }

    /// <summary>
    /// The recorded history of a server with few seats: in each turn everybody who is seated is served and new requests
    /// come. Told is, by flow, how many turns its requests waited at most.
    /// </summary>
    private static Dictionary<string, int> Turns(int flood)
    {
        var time = new ManualTime();
        using var flows = new FlowController(new RequestLimits { MaxReadsInFlight = 40, MaxWritesInFlight = 20 }, time);
        flows.Configure(BuiltInFlowControl.PriorityLevels, BuiltInFlowControl.FlowSchemas);
        var history = new List<(string Flow, int Asked, int Served)>();
        var running = new List<(string Name, Flow Flow, int Slot, int Asked)>();
        var waiting = new List<(string Name, Flow Flow, QueuedRequest Request, int Asked)>();
        for (var turn = 0; turn < 200; turn++)
        {
            foreach (var (name, flow, slot, asked) in running)
            {
                history.Add((name, asked, turn));
                flow.Level.Queues.Return(slot);
            }

            running.Clear();
            for (var node = 0; node < 5; node++)
            {
                Ask("lease", $"PUT {Leases}/kube-node-lease/leases/n{node}", Node($"n{node}"), 1);
                Ask("status", $"PATCH /api/v1/nodes/n{node}/status", Node($"n{node}"), 1);
            }

            Ask("pods", "GET /api/v1/namespaces/x/pods/y", Node($"n{turn % 5}"), 1);
            Ask("controller", "GET /api/v1/namespaces/x/pods/y", Account("kube-system", "job-controller"), 1);
            Ask("other", "GET /api/v1/namespaces/x/pods/y", Account("shop", "web"), 1);
            for (var i = 0; i < flood; i++)
            {
                Ask("flood", "GET /api/v1/pods", Account("shop", "crawler"), 10);
            }

            foreach (var entry in waiting.Where(static w => w.Request.Outcome.IsCompleted).ToList())
            {
                waiting.Remove(entry);
                running.Add((entry.Name, entry.Flow, entry.Request.Slot, entry.Asked));
            }

            time.Advance(TimeSpan.FromMilliseconds(10));

            void Ask(string name, string text, UserIdentity user, int seats)
            {
                var request = Request(text);
                var flow = flows.Classify(request, user);
                var distinguisher = flow.DistinguisherOf(request, user);
                var verdict = flow.Level.Queues.Ask(
                    new SeatRequest(flow, distinguisher, new SeatEstimate(Math.Min(seats, flow.MaxSeats))),
                    flow.HandOf(distinguisher), out var slot, out var queued);
                Assert.True(name == "flood" || verdict is SeatVerdict.Seated or SeatVerdict.Queued, name);
                if (verdict == SeatVerdict.Seated)
                {
                    running.Add((name, flow, slot, turn));
                }
                else if (verdict == SeatVerdict.Queued)
                {
                    waiting.Add((name, flow, queued!, turn));
                }
            }
        }

        Assert.True(flood == 0 || history.Count(static h => h.Flow == "flood") > 100);
        Assert.All(waiting, static w => Assert.True(w.Name == "flood" || w.Asked > 195, w.Name));
        return history.Where(static h => h.Flow != "flood")
            .GroupBy(static h => h.Flow)
            .ToDictionary(static g => g.Key, static g => g.Max(static h => h.Served - h.Asked));
    }
}
