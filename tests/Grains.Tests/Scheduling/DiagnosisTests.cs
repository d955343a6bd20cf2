using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Texts as a 1.36 kube-scheduler writes them.</summary>
public sealed class DiagnosisTests
{
    [Fact]
    public void NoNodes() => Expect("no nodes available to schedule pods", new PodSketch("p"));

    [Fact]
    public void TooLargeForEveryNode() => Expect(
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: " +
        "1 Preemption is not helpful for scheduling.",
        new PodSketch("p") { Requests = "cpu=64" },
        new NodeSketch("n"));

    [Fact]
    public void FullNode() => Expect(
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: " +
        "1 No preemption victims found for incoming pod.",
        new PodSketch("p") { Requests = "cpu=3" },
        [new PodSketch("q") { Requests = "cpu=2", NodeName = "n" }],
        new NodeSketch("n"));

    [Fact]
    public void ReasonsAreCountedAndSorted() => Expect(
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient memory, 2 Too many pods. no new claims to deallocate, " +
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        new PodSketch("p") { Requests = "memory=1Ti" },
        new NodeSketch("a") { Allocatable = "cpu=1,memory=1Gi,pods=0" },
        new NodeSketch("b") { Allocatable = "cpu=1,memory=1Gi,pods=0" },
        new NodeSketch("c") { Taints = "a=b:NoSchedule" });

    [Fact]
    public void NeverPreempting() => Expect(
        "0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, " +
        "preemption: not eligible due to preemptionPolicy=Never.",
        new PodSketch("p") { Spec = "\"preemptionPolicy\":\"Never\"" },
        new NodeSketch("n") { Unschedulable = true });

    [Fact]
    public void ConfinedToAbsentNode() => Expect(
        "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, " +
        "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
        new PodSketch("p") { Spec = OnNode("\"x\"") },
        new NodeSketch("a"),
        new NodeSketch("b"));

    [Fact]
    public void ConflictingTerms() => Expect(
        "0/1 nodes are available: pod affinity terms conflict. not found",
        new PodSketch("p") { Spec = OnNode("") },
        new NodeSketch("a"));

    private static string OnNode(string names) =>
        """
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
        {"matchFields":[{"key":"metadata.name","operator":"In","values":[NAMES]}]}]}}}
        """.Replace("NAMES", names, StringComparison.Ordinal);

    private static void Expect(string message, PodSketch pod, params NodeSketch[] nodes) =>
        Expect(message, pod, [], nodes);

    private static void Expect(string message, PodSketch pod, PodSketch[] others, params NodeSketch[] nodes)
    {
        var core = new SchedulerCore("default-scheduler", new ManualTime(), new Random(1));
        foreach (var node in nodes)
        {
            core.ApplyNode(ChangeKind.Added, node.Build());
        }

        foreach (var other in others)
        {
            core.ApplyPod(ChangeKind.Added, other.Build());
        }

        core.ApplyPod(ChangeKind.Added, pod.Build());
        core.Tick();
        var decision = core.DecideNext()!;
        Assert.Null(decision.NodeName);
        Assert.Equal(message, decision.Message);
    }
}
