using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.DaemonSets;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Micro;

/// <summary>
/// A DaemonSet of 5,000 pods, every other one of which has no node yet: one look, one body, one decision.
/// </summary>
[MemoryDiagnoser]
public class DaemonSetBenchmarks
{
    private const int Nodes = 5_000;
    private static readonly string[] Names =
        [.. Enumerable.Range(0, Nodes).Select(static i => string.Create(CultureInfo.InvariantCulture, $"node-{i:D4}"))];

    private readonly SchedulerCore _core = new("default-scheduler", TimeProvider.System, new Random(1));
    private V1DaemonSet _set = null!;
    private V1Pod _pod = null!;
    private ResourceObject[] _nodes = [];
    private ResourceObject[] _pods = [];
    private int _next;
    private long _revision = Nodes;

    [GlobalSetup]
    public void Setup()
    {
        var labels = new Dictionary<string, string> { ["app"] = "agent" };
        _set = new V1DaemonSet
        {
            Metadata = new V1ObjectMeta { Name = "agent", NamespaceProperty = "bench", Uid = "set", Generation = 1 },
            Spec = new V1DaemonSetSpec
            {
                Selector = new V1LabelSelector { MatchLabels = labels },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = labels },
                    Spec = new V1PodSpec
                    {
                        SchedulerName = "default-scheduler",
                        Containers = [new V1Container { Name = "main", Image = "registry.example/agent:1" }],
                    },
                },
            },
        };
        _pod = DaemonPods.New(_set, "hash");
        _nodes = [.. Names.Select(static (name, i) => new ResourceObject(
            new ObjectKey("", name),
            name,
            i + 1,
            Encoding.UTF8.GetBytes(
                """{"kind":"Node","apiVersion":"v1","metadata":{"name":"NAME","labels":{"kubernetes.io/hostname":"NAME","kubernetes.io/os":"linux"}},"status":{"allocatable":{"cpu":"64","memory":"256Gi","pods":"110"}}}"""
                    .Replace("NAME", name, StringComparison.Ordinal))))];
        _pods = [.. Names.Select((name, i) => Committed(i, i % 2 == 0 ? name : ""))];
        foreach (var node in _nodes)
        {
            _core.ApplyNode(ChangeKind.Added, node);
        }
    }

    [Benchmark]
    public DaemonSetPlan Look() => DaemonSetPlanner.Compute(
        new DaemonSetObserved
        {
            Set = _set,
            Nodes = [.. _nodes.Select(DaemonPods.Node)],
            Pods = [.. _pods.Select(PodFacts.Of)],
            Hash = "hash",
        },
        DateTimeOffset.UnixEpoch);

    /// <summary>The bodies of a step of 500.</summary>
    [Benchmark(OperationsPerInvoke = DaemonSetPlanner.Burst)]
    public long Bodies()
    {
        var body = new ChildBody<V1Pod>(DaemonPods.For(_pod, "any"), "any");
        var sum = 0L;
        for (var i = 0; i < DaemonSetPlanner.Burst; i++)
        {
            sum += body.Request("bench", "agent-abcde", Names[i]).Json.Length;
        }

        return sum;
    }

    [Benchmark]
    public SchedulingDecision? Schedule()
    {
        _next = (_next + 1) % Nodes;
        var pod = Committed(_next, "", revision: ++_revision);
        _core.ApplyPod(ChangeKind.Added, pod);
        _core.Tick();
        var decision = _core.DecideNext();
        _core.ApplyPod(ChangeKind.Deleted, pod);
        return decision;
    }

    private ResourceObject Committed(int number, string node, long revision = 1)
    {
        var pod = DaemonPods.For(_pod, Names[number]);
        pod.Metadata.Name = string.Create(CultureInfo.InvariantCulture, $"agent-{number:D5}");
        pod.Metadata.Uid = string.Create(CultureInfo.InvariantCulture, $"uid-{number}");
        pod.Spec.NodeName = node.Length == 0 ? null : node;
        return new ResourceObject(
            new ObjectKey("bench", pod.Metadata.Name), pod.Metadata.Uid, revision, ResourceCodec.Encode(pod));
    }
}
