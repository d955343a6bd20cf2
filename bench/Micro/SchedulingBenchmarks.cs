using BenchmarkDotNet.Attributes;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Micro;

/// <summary>One pod through the scheduler's core: queued, filtered and scored, assumed, and gone again.</summary>
[MemoryDiagnoser]
public class SchedulingBenchmarks
{
    private SchedulerCore _core = null!;
    private int _next;

    [Params(100, 1000)]
    public int Nodes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _core = new SchedulerCore("default-scheduler", TimeProvider.System, new Random(1));
        for (var i = 0; i < Nodes; i++)
        {
            _core.ApplyNode(ChangeKind.Added, SamplePods.Node(i));
        }
    }

    [Benchmark]
    public SchedulingDecision? ScheduleOne()
    {
        var pod = SamplePods.Committed(_next, ++_next);
        _core.ApplyPod(ChangeKind.Added, pod);
        _core.Tick();
        var decision = _core.DecideNext();
        _core.ApplyPod(ChangeKind.Deleted, pod);
        return decision;
    }
}
