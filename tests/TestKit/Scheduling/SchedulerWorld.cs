using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.TestKit.Scheduling;

/// <summary>
/// A cluster as the scheduler sees it, and beside it a naive model that knows nothing of shapes, caches or queues.
/// Random steps change the world; after each the model judges every decision, and at the end of a run every pod that
/// still waits.
/// </summary>
public sealed class SchedulerWorld
{
    private static readonly string[] Zones = ["a", "b", "c"];

    private readonly Random _random;
    private readonly ManualTime _time = new();
    private readonly SchedulerCore _core;
    private readonly SortedDictionary<string, ModelNode> _nodes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ModelPod> _pods = new(StringComparer.Ordinal);
    private readonly List<SchedulingDecision> _bindings = [];
    private readonly List<Action> _delayedEvents = [];
    private readonly List<PodInfo> _preempting = [];
    private long _revision;
    private int _names;

    public SchedulerWorld(int seed)
    {
        _random = new Random(seed);
        _core = new SchedulerCore("default-scheduler", _time, new Random(seed));
    }

    /// <summary>Bindings that took hold.</summary>
    public int Bound { get; private set; }

    /// <summary>Pods that had to make room.</summary>
    public int Preempted { get; private set; }

    /// <summary>Decisions that no node fits.</summary>
    public int Rejected { get; private set; }

    /// <summary>A random step.</summary>
    public void Step()
    {
        switch (_random.Next(12))
        {
            case 0 when _nodes.Count < 8: AddNode(); break;
            case 1: RemoveNode(); break;
            case 2: ChangeNode(); break;
            case 3 or 4 or 5: AddPod(); break;
            case 6: RemovePod(); break;
            case 7: _time.Advance(TimeSpan.FromMilliseconds(_random.Next(3_000))); break;
            case 8: DeliverEvents(_random.Next(3)); break;
            case 9: FinishPreemptions(_random.Next(3)); break;
            default: Schedule(_random.Next(4)); FinishBindings(_random.Next(3)); break;
        }
    }

    /// <summary>Lets everything come to rest, then holds the scheduler to what the model finds.</summary>
    public void SettleAndCheck()
    {
        // A pod that makes room is gone for good, so this comes to an end.
        for (var (round, before) = (0, -1); round < 4 || before < Preempted; round++)
        {
            before = Preempted;
            DeliverEvents(int.MaxValue);
            FinishPreemptions(int.MaxValue, mayFail: false);
            _time.Advance(SchedulingQueue.MaxUnschedulable + TimeSpan.FromMinutes(1));
            Schedule(int.MaxValue);
            FinishBindings(int.MaxValue, mayFail: false);
        }

        DeliverEvents(int.MaxValue);
        foreach (var pod in _pods.Values.Where(p => p.Node is null))
        {
            var fitting = _nodes.Values.FirstOrDefault(n => Fits(pod, n));
            Expect(fitting is null, $"pod {pod.Sketch.Name} waits although node {fitting?.Sketch.Name} fits");
        }

        Expect(_core.AssumedCount == 0, $"{_core.AssumedCount} pods are assumed for ever");
    }

    private void AddNode()
    {
        var name = SchedulingObjects.Numbered("n", ++_names);
        var node =
            new ModelNode(RandomNode(name), _random.Next(1, 9) * 500, _random.Next(1, 9) * 1024L, _random.Next(2, 8));
        _nodes.Add(name, node);
        Emit(node);
    }

    private NodeSketch RandomNode(string name) => new(name)
    {
        Unschedulable = _random.Next(8) == 0,
        Taints =
            _random.Next(4) == 0 ? $"dedicated=x:{(_random.Next(2) == 0 ? "NoSchedule" : "PreferNoSchedule")}" : "",
        Labels = $"topology.kubernetes.io/zone={Zones[_random.Next(Zones.Length)]}",
    };

    private void RemoveNode()
    {
        if (Pick(_nodes.Values.Where(n => _pods.Values.All(p => p.Node != n.Sketch.Name)).ToArray()) is not { } node)
        {
            return;
        }

        // A binding may still be on its way there; then the node stays, as pods of a lost node are another controller's
        // affair.
        if (_bindings.All(b => b.NodeName != node.Sketch.Name))
        {
            _nodes.Remove(node.Sketch.Name);
            _core.ApplyNode(ChangeKind.Deleted, node.Build(++_revision));
        }
    }

    private void ChangeNode()
    {
        if (Pick(_nodes.Values.ToArray()) is not { } node)
        {
            return;
        }

        var changed = node with { Sketch = RandomNode(node.Sketch.Name) };
        _nodes[node.Sketch.Name] = changed;
        Emit(changed);
    }

    private void AddPod()
    {
        var cpu = _random.Next(5) * 250;
        var memory = _random.Next(4) * 512L;
        var tolerates = _random.Next(4) == 0;
        var zone = _random.Next(4) == 0 ? Zones[_random.Next(Zones.Length)] : null;
        var tolerations =
            tolerates ? "\"tolerations\":[{\"key\":\"dedicated\",\"operator\":\"Exists\"}]" : "\"tolerations\":[]";
        var selector = zone is null ? "" : $",\"nodeSelector\":{{\"topology.kubernetes.io/zone\":\"{zone}\"}}";
        var sketch = new PodSketch(SchedulingObjects.Numbered("p", ++_names))
        {
            Requests = $"cpu={cpu}m,memory={memory}Mi",
            HostPort = _random.Next(6) == 0 ? 8080 : 0,
            Priority = _random.Next(3),
            Spec = tolerations + selector,
        };
        _pods.Add(sketch.Name, new ModelPod(sketch, cpu, memory, tolerates, zone));
        _core.ApplyPod(ChangeKind.Added, sketch.Build(++_revision));
    }

    private void RemovePod()
    {
        if (Pick(_pods.Values.ToArray()) is { } pod)
        {
            Remove(pod);
        }
    }

    private void Remove(ModelPod pod)
    {
        _pods.Remove(pod.Sketch.Name);
        var last = pod.Sketch with { NodeName = pod.Node ?? "" };
        var revision = ++_revision;
        _delayedEvents.Add(() => _core.ApplyPod(ChangeKind.Deleted, last.Build(revision)));
    }

    private void Emit(ModelNode node) => _core.ApplyNode(ChangeKind.Modified, node.Build(++_revision));

    private void DeliverEvents(int count)
    {
        for (; count > 0 && _delayedEvents.Count > 0; count--)
        {
            _delayedEvents[0]();
            _delayedEvents.RemoveAt(0);
        }
    }

    private void Schedule(int count)
    {
        _core.Tick();
        for (; count > 0 && _core.DecideNext() is { } decision; count--)
        {
            if (decision.NodeName is null)
            {
                Rejected++;
                Begin(decision);
                continue;
            }

            var pod = _pods.GetValueOrDefault(decision.Pod.Key.Name);
            Expect(_bindings.All(b => b.Pod.Uid != decision.Pod.Uid), $"{decision.Pod.Key} is bound twice");
            if (pod is not null)
            {
                Expect(pod.Node is null, $"{decision.Pod.Key} is scheduled again");
                Expect(Fits(pod, _nodes[decision.NodeName]), $"{decision.Pod.Key} does not fit {decision.NodeName}");
            }

            _bindings.Add(decision);
        }
    }

    private void FinishBindings(int count, bool mayFail = true)
    {
        for (; count > 0 && _bindings.Count > 0; count--)
        {
            var decision = _bindings[0];
            _bindings.RemoveAt(0);
            if (!_pods.TryGetValue(decision.Pod.Key.Name, out var pod))
            {
                _core.PodVanished(decision.Pod);
            }
            else if (mayFail && _random.Next(5) == 0)
            {
                _core.BindingFailed(decision.Pod);
            }
            else
            {
                Bound++;
                pod.Node = decision.NodeName;
                var bound = pod.Sketch with { NodeName = decision.NodeName! };
                var revision = ++_revision;
                _core.BindingSucceeded(decision.Pod);
                _delayedEvents.Add(() => _core.ApplyPod(ChangeKind.Modified, bound.Build(revision)));
            }
        }
    }

    private void Begin(SchedulingDecision decision)
    {
        if (decision.Preemption is not { } plan)
        {
            return;
        }

        Expect(_preempting.All(p => p.Uid != decision.Pod.Uid), $"{decision.Pod.Key} is tried while it makes room");
        _preempting.Add(decision.Pod);
        foreach (var victim in plan.Victims)
        {
            Expect(
                victim.Priority < decision.Pod.Priority,
                $"{victim.Key} is no less important than {decision.Pod.Key}");
            if (_pods.TryGetValue(victim.Key.Name, out var pod))
            {
                Preempted++;
                Expect(
                    (pod.Node ?? _bindings.Find(b => b.Pod.Uid == victim.Uid)?.NodeName) == decision.Nomination,
                    $"{victim.Key} makes no room on {decision.Nomination}");
                Remove(pod);
            }
        }
    }

    private void FinishPreemptions(int count, bool mayFail = true)
    {
        for (; count > 0 && _preempting.Count > 0; count--)
        {
            var pod = _preempting[0];
            _preempting.RemoveAt(0);
            _core.PreemptionEnded(pod, !mayFail || _random.Next(5) > 0);
        }
    }

    /// <summary>The rules, spelled out the slow way, from the world's truth and the bindings under way.</summary>
    private bool Fits(ModelPod pod, ModelNode node)
    {
        var others = _pods.Values
            .Where(p => p != pod && (p.Node ?? _bindings.Find(b => b.Pod.Key.Name == p.Sketch.Name)?.NodeName) == node.Sketch.Name)
            .ToArray();
        return !node.Sketch.Unschedulable
            && (pod.Tolerates || !node.Sketch.Taints.EndsWith(":NoSchedule", StringComparison.Ordinal))
            && (pod.Zone is null || node.Sketch.Labels.EndsWith("=" + pod.Zone, StringComparison.Ordinal))
            && others.Length < node.Pods
            && (pod.Cpu == 0 || others.Sum(p => p.Cpu) + pod.Cpu <= node.Cpu)
            && (pod.Memory == 0 || others.Sum(p => p.Memory) + pod.Memory <= node.Memory)
            && (pod.Sketch.HostPort == 0 || others.All(p => p.Sketch.HostPort != pod.Sketch.HostPort));
    }

    private T? Pick<T>(T[] items)
        where T : class => items.Length == 0 ? null : items[_random.Next(items.Length)];

    private static void Expect(bool condition, string complaint)
    {
        if (!condition)
        {
            throw new InvalidOperationException(complaint);
        }
    }

    private sealed record ModelNode(NodeSketch Sketch, long Cpu, long Memory, int Pods)
    {
        public ResourceObject Build(long revision) =>
            (Sketch with { Allocatable = $"cpu={Cpu}m,memory={Memory}Mi,pods={Pods}" }).Build(revision);
    }

    private sealed record ModelPod(PodSketch Sketch, long Cpu, long Memory, bool Tolerates, string? Zone)
    {
        public string? Node { get; set; }
    }
}
