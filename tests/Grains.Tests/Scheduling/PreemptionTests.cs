using CsCheck;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>
/// Who makes room for whom, against a naive model of upstream's rules: on each node all less important pods go and come
/// back as long as the new one fits; of the nodes the cheapest is taken.
/// </summary>
public sealed class PreemptionTests
{
    private const int NodeCpu = 4;

    [Fact]
    public void VictimsAreThoseOfTheNaiveModel() => Gen.Select(
        Gen.Int[1, 4],
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 5]).Array[0, 14],
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2]),
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 5], Gen.Int[0, 3])).Check(
        (nodes, others, budgets, wanted) =>
        {
            var placed = others.Select((o, i) => new Placed(
                $"p{i}", $"n{o.Item1 % nodes}", o.Item2, o.Item3, o.Item4 == 0, o.Item4 is 1 or 2, i)).ToArray();
            var pod = new Placed("new", "", wanted.Item1, wanted.Item2, wanted.Item3 == 0, wanted.Item3 == 1, 0);
            Expect(
                new Model(placed, pod, [budgets.Item1, budgets.Item2], nodes),
                Decide(placed, pod, [budgets.Item1, budgets.Item2], nodes));
        },
        cases: 2_000);

    [Fact]
    public void ManyNodesAreNotAllLookedAt()
    {
        var core = new SchedulerCore("default-scheduler", new ManualTime(), new Random(1));
        for (var i = 0; i < 2_000; i++)
        {
            var node = new NodeSketch(SchedulingObjects.Numbered("n", i)) { Allocatable = "cpu=1,memory=1Gi,pods=1" };
            core.ApplyNode(ChangeKind.Added, node.Build());
            core.ApplyPod(ChangeKind.Added, new PodSketch($"p{i}") { NodeName = node.Name, Priority = i }.Build());
        }

        // The cheapest of all has priority 0: among a tenth of the nodes it is found by chance only.
        var found = Enumerable.Range(0, 20).Select(i => Preempt(core, $"v{i}").Preemption!.Victims.Single().Priority);
        Assert.Contains(found, priority => priority > 0);
    }

    [Fact]
    public void TheNominatedPlaceIsKeptFreeForThePodAndGoesToTheMoreImportant()
    {
        var core = new SchedulerCore("default-scheduler", new ManualTime(), new Random(1));
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n") { Allocatable = "cpu=4,memory=8Gi,pods=1" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("low") { NodeName = "n" }.Build());
        Assert.Equal("n", Preempt(core, "middle", priority: 10).Nomination);
        core.ApplyPod(ChangeKind.Deleted, new PodSketch("low").Build(2));

        // It comes first, but the place is not for it.
        core.ApplyPod(ChangeKind.Added, new PodSketch("less") { Priority = 5 }.Build());
        core.Tick();
        Assert.Equal(
            "0/1 nodes are available: 1 Too many pods. no new claims to deallocate, " +
            "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
            core.DecideNext()!.Message);
        core.PreemptionEnded(Read(new PodSketch("middle") { Priority = 10 }), succeeded: true);
        core.Tick();
        Assert.Equal("n", core.DecideNext()!.NodeName);
    }

    /// <summary>Once at once, as upstream does; from then on after the back-off only.</summary>
    [Fact]
    public void APodWhoseVictimsCannotBeRemovedIsTriedAgainAtOnceButOnce()
    {
        var time = new ManualTime();
        var core = new SchedulerCore("default-scheduler", time, new Random(1));
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n") { Allocatable = "cpu=4,memory=8Gi,pods=1" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("low") { NodeName = "n" }.Build());
        var decision = Preempt(core, "high", priority: 10);
        core.PreemptionEnded(decision.Pod, succeeded: false);
        core.Tick();
        Assert.NotNull(core.DecideNext()!.Preemption);
        core.PreemptionEnded(decision.Pod, succeeded: false);
        core.Tick();
        Assert.Null(core.DecideNext());
        time.Advance(TimeSpan.FromSeconds(3));
        core.Tick();
        Assert.NotNull(core.DecideNext()!.Preemption);
    }

    /// <summary>That nothing was tried is no failure: the first one still has the pod tried at once.</summary>
    [Fact]
    public void APodWhoseVictimsAreNotTriedWaitsForItsBackoff()
    {
        var time = new ManualTime();
        var core = new SchedulerCore("default-scheduler", time, new Random(1));
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n") { Allocatable = "cpu=4,memory=8Gi,pods=1" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("low") { NodeName = "n" }.Build());
        var decision = Preempt(core, "high", priority: 10);
        core.PreemptionPutOff(decision.Pod);
        core.Tick();
        Assert.Null(core.DecideNext());
        time.Advance(TimeSpan.FromSeconds(3));
        core.Tick();
        Assert.NotNull(core.DecideNext()!.Preemption);
        core.PreemptionEnded(decision.Pod, succeeded: false);
        Assert.NotNull(core.DecideNext()!.Preemption);
    }

    [Fact]
    public void APodThatHasMadeRoomWaitsForItsVictims()
    {
        var core = new SchedulerCore("default-scheduler", new ManualTime(), new Random(1));
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n") { Allocatable = "cpu=2,memory=8Gi,pods=9" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("a") { NodeName = "n", Requests = "cpu=1" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("b") { NodeName = "n", Requests = "cpu=1" }.Build());
        var pod = new PodSketch("high") { Priority = 1, Requests = "cpu=2" };
        core.ApplyPod(ChangeKind.Added, pod.Build());
        Assert.Equal(2, core.DecideNext()!.Preemption!.Victims.Count);
        core.PreemptionEnded(Read(pod), succeeded: true);
        var going = new PodSketch("b")
        {
            NodeName = "n",
            Requests = "cpu=1",
            Metadata = "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"",
            Status =
                """{"conditions":[{"type":"DisruptionTarget","status":"True","reason":"PreemptionByScheduler"}]}""",
        };
        core.ApplyPod(ChangeKind.Modified, going.Build(2));
        core.ApplyPod(ChangeKind.Deleted, new PodSketch("a").Build(3));
        core.Tick();
        var decision = core.DecideNext()!;
        Assert.Null(decision.Preemption);
        Assert.Null(decision.Nomination);
        Assert.Equal(
            "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, " +
            "preemption: not eligible due to a terminating pod on the nominated node.",
            decision.Message);
        core.ApplyPod(ChangeKind.Deleted, new PodSketch("b").Build(4));
        core.Tick();
        Assert.Equal("n", core.DecideNext()!.NodeName);
    }

    private static PodInfo Read(PodSketch sketch) => new PodReader(new ScalarResources()).Read(sketch.Build());

    private static SchedulingDecision Preempt(SchedulerCore core, string name, int priority = 1_000_000)
    {
        core.ApplyPod(ChangeKind.Added, new PodSketch(name) { Priority = priority }.Build());
        core.Tick();
        return core.DecideNext()!;
    }

    private static SchedulingDecision Decide(Placed[] placed, Placed pod, int[] budgets, int nodes)
    {
        var core = new SchedulerCore("default-scheduler", new ManualTime(), new Random(placed.Length));
        for (var i = 0; i < nodes; i++)
        {
            var node = new NodeSketch($"n{i}")
            {
                Allocatable = $"cpu={NodeCpu},memory=8Gi,pods=5",
                Labels = $"kubernetes.io/hostname=n{i}",
            };
            core.ApplyNode(ChangeKind.Added, node.Build());
        }

        for (var i = 0; i < budgets.Length; i++)
        {
            core.Apply(WellKnown.PodDisruptionBudgets, ChangeKind.Added, SchedulingObjects.Object(
                new ObjectKey("default", $"b{i}"),
                $"b{i}",
                1,
                $$$"""
                {"metadata":{"name":"b{{{i}}}","namespace":"default"},
                "spec":{"selector":{"matchLabels":{"budget":"b{{{i}}}"} } },
                "status":{"disruptionsAllowed":{{{budgets[i]}}} } }
                """));
        }

        foreach (var other in placed)
        {
            core.ApplyPod(ChangeKind.Added, other.Sketch.Build());
        }

        core.ApplyPod(ChangeKind.Added, pod.Sketch.Build());
        core.Tick();
        return core.DecideNext()!;
    }

    private static void Expect(Model model, SchedulingDecision decision)
    {
        if (model.Fitting.Count > 0)
        {
            Assert.Contains(decision.NodeName, model.Fitting);
            return;
        }

        Assert.Null(decision.NodeName);
        if (model.Candidates.Count == 0)
        {
            Assert.Null(decision.Preemption);
            Assert.Equal("", decision.Nomination);
            return;
        }

        var cheapest = model.Candidates.Min(c => c.Cost);
        var chosen = model.Candidates.Single(c => c.Node == decision.Nomination);
        Assert.Equal(cheapest, chosen.Cost);
        Assert.Equal(
            chosen.Victims.Select(v => v.Name).Order(), decision.Preemption!.Victims.Select(v => v.Key.Name).Order());
    }

    /// <summary>A pod; the budget is its number, 2 for none.</summary>
    private sealed record Placed(
        string Name, string Node, int Priority, int Cpu, bool HasPort, bool IsLonely, int Start)
    {
        public int Budget => Start % 3;

        public PodSketch Sketch => new(Name)
        {
            NodeName = Node,
            Priority = Priority,
            Requests = $"cpu={Cpu}",
            HostPort = HasPort ? 80 : 0,
            Metadata = $"\"labels\":{{\"budget\":\"b{Budget}\",\"lonely\":\"{IsLonely}\"}}",
            Status = $"{{\"startTime\":\"2026-01-01T00:{Start:00}:00Z\"}}",
            Spec = IsLonely
                ? """
                  "affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
                  {"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"lonely":"True"}}}]}}
                  """
                : "",
        };
    }

    private sealed class Model
    {
        private readonly Placed _pod;
        private readonly int[] _budgets;

        public Model(Placed[] placed, Placed pod, int[] budgets, int nodes)
        {
            (_pod, _budgets) = (pod, budgets);
            foreach (var node in Enumerable.Range(0, nodes).Select(i => $"n{i}"))
            {
                var there = placed.Where(p => p.Node == node).ToArray();
                if (Fits(there))
                {
                    Fitting.Add(node);
                }
                else if (Candidate(node, there) is { } candidate)
                {
                    Candidates.Add(candidate);
                }
            }
        }

        public List<string> Fitting { get; } = [];

        public List<(string Node, Placed[] Victims, (int, int, long, int, int) Cost)> Candidates { get; } = [];

        private bool Fits(Placed[] there) => there.Length < 5
            && (_pod.Cpu == 0 || there.Sum(p => p.Cpu) + _pod.Cpu <= NodeCpu)
            && !(_pod.HasPort && there.Any(p => p.HasPort))
            && !(_pod.IsLonely && there.Any(p => p.IsLonely));

        private (string, Placed[], (int, int, long, int, int))? Candidate(string node, Placed[] there)
        {
            var stay = there.Where(p => p.Priority >= _pod.Priority).ToList();
            var eligible = there.Except(stay).OrderByDescending(p => p.Priority).ThenBy(p => p.Start).ToArray();
            if (eligible.Length == 0 || !Fits([.. stay]))
            {
                return null;
            }

            var left = _budgets.ToArray();
            var violated = eligible.Where(p => p.Budget < 2 && --left[p.Budget] < 0).ToArray();
            var victims = new List<Placed>();
            foreach (var other in violated.Concat(eligible.Except(violated)))
            {
                if (Fits([.. stay, other]))
                {
                    stay.Add(other);
                }
                else
                {
                    victims.Add(other);
                }
            }

            var highest = victims.Max(v => v.Priority);
            return (node, [.. victims], (
                victims.Count(violated.Contains),
                highest,
                victims.Sum(v => v.Priority + (1L << 31)),
                victims.Count,
                -victims.Where(v => v.Priority == highest).Min(v => v.Start)));
        }
    }
}
