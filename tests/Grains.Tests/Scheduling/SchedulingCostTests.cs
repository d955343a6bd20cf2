using System.Diagnostics;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>
/// What one pod costs the scheduler in memory: reading it when it is created and again when it is bound, deciding, and
/// accounting. Time is printed and not asserted, since machines that run tests are noisy; allocations are not noisy,
/// once the code is compiled for good (what is compiled in haste allocates more).
/// </summary>
public sealed class SchedulingCostTests
{
    private const int Nodes = 1_000;
    private const int Pods = 10_000;
    private const int MaxBytesPerPod = 4_300;
    private const int MaxRuns = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(3_000)]
    public void TenThousandPodsOnAThousandNodes(int shapes) => Check(
        $"{shapes} shapes",
        [.. Sketches(shapes, nodeName: "").Select(static s => s.Build(1))],
        [.. Sketches(shapes, nodeName: "hollow-node-999").Select(static s => s.Build(2))]);

    /// <summary>Each pod of a DaemonSet is for one node, as its affinity says, and so none is like another.</summary>
    [Fact]
    public void TenDaemonSetsOnAThousandNodes() => Check(
        "DaemonSets",
        [.. Sketches(1, nodeName: "").Select((s, i) => OfDaemonSet(s, i).Build(1))],
        [
            .. Sketches(1, nodeName: "").Select(
                (s, i) => (OfDaemonSet(s, i) with { NodeName = NodeFor(i) }).Build(2)),
        ]);

    private static void Check(string what, ResourceObject[] created, ResourceObject[] bound)
    {
        var (elapsed, allocated) = Run(created, bound);
        for (var run = 1; run < MaxRuns && (run == 1 || allocated / Pods >= MaxBytesPerPod); run++)
        {
            var again = Run(created, bound);
            elapsed = again.Elapsed < elapsed ? again.Elapsed : elapsed;
            allocated = Math.Min(allocated, again.Allocated);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{what}: {elapsed.TotalMicroseconds / Pods:F1} µs and {allocated / Pods} bytes per pod");
        Assert.True(allocated / Pods < MaxBytesPerPod, $"{allocated / Pods} bytes per pod");
    }

    private static (TimeSpan Elapsed, long Allocated) Run(ResourceObject[] created, ResourceObject[] bound)
    {
        var core = new SchedulerCore("default-scheduler", new ManualTime(), new Random(1));
        for (var i = 0; i < Nodes; i++)
        {
            var node = new NodeSketch(SchedulingObjects.Numbered("hollow-node-", i))
            {
                Allocatable = "cpu=32,memory=256Gi,ephemeral-storage=1Ti,pods=110",
            };
            core.ApplyNode(ChangeKind.Added, node.Build());
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        foreach (var pod in created)
        {
            core.ApplyPod(ChangeKind.Added, pod);
        }

        core.Tick();
        var decided = 0;
        while (core.DecideNext() is { } decision)
        {
            Assert.NotNull(decision.NodeName);
            core.BindingSucceeded(decision.Pod);
            decided++;
        }

        // The change arrives with another node's name in the body: reading and accounting it costs more than the usual
        // confirmation.
        foreach (var pod in bound)
        {
            core.ApplyPod(ChangeKind.Modified, pod);
        }

        Assert.Equal(Pods, decided);
        return (clock.Elapsed, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    private static string NodeFor(int pod) => SchedulingObjects.Numbered("hollow-node-", pod % Nodes);

    private static PodSketch OfDaemonSet(PodSketch sketch, int number) => sketch with
    {
        Spec = $$$$"""
            {{{{sketch.Spec}}}},"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{
            "nodeSelectorTerms":[{"matchFields":[
            {"key":"metadata.name","operator":"In","values":["{{{{NodeFor(number)}}}}"]}]}]}}}
            """,
    };

    private static IEnumerable<PodSketch> Sketches(int shapes, string nodeName) =>
        Enumerable.Range(0, Pods).Select(i => new PodSketch(SchedulingObjects.Numbered("web-7c5ddbdf54-", i))
        {
            NodeName = nodeName,
            Requests = $"cpu={100 + (i % shapes)}m,memory=128Mi",
            Metadata = "\"labels\":{\"app\":\"web\",\"pod-template-hash\":\"7c5ddbdf54\"},\"ownerReferences\":[{\"kind\":\"ReplicaSet\"}]",
            Spec =
                """
                "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default",
                "serviceAccount":"default","securityContext":{},"tolerations":[
                {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
                {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],
                "enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"
                """,
            Status = "{\"phase\":\"Pending\",\"qosClass\":\"Burstable\"}",
        });
}
