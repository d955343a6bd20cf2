using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Nodes in zones, and pods that go where the scheduler says.</summary>
internal sealed class RelationWorld
{
    private readonly Dictionary<string, string> _zones = [];
    private readonly ManualTime _time = new();
    private long _revision;

    public RelationWorld(int seed = 1) => Core = new SchedulerCore("default-scheduler", _time, new Random(seed));

    public SchedulerCore Core { get; }

    /// <summary>Where pods are, by name.</summary>
    public Dictionary<string, string> Places { get; } = [];

    public void AddNode(string name, string zone)
    {
        _zones[name] = zone;
        var labels = zone.Length == 0 ? $"kubernetes.io/hostname={name}" : $"kubernetes.io/hostname={name},zone={zone}";
        Core.ApplyNode(ChangeKind.Added, new NodeSketch(name) { Labels = labels }.Build(++_revision));
    }

    public string ZoneOf(string pod) => _zones[Places[pod]];

    public void AddNamespace(string name, string labels) => Core.Apply(
        WellKnown.Namespaces,
        ChangeKind.Added,
        SchedulingObjects.Object(
            new ObjectKey("", name), name, ++_revision,
                $$$"""{"metadata":{"name":"{{{name}}}","labels":{{{labels}}}}}"""));

    /// <summary>Why it goes nowhere; null when it went somewhere.</summary>
    public string? Add(string name, string labels, string spec = "", string space = "default")
    {
        var sketch = new PodSketch(name) { Namespace = space, Spec = spec, Metadata = $"\"labels\":{labels}" };
        Core.ApplyPod(ChangeKind.Added, sketch.Build(++_revision));
        return Decide(name);
    }

    /// <summary>Lets time pass until what was woken may be tried.</summary>
    public void Wait() => _time.Advance(new SchedulingBackoff().Max);

    public string? Decide(string name)
    {
        Core.Tick();
        string? message = null;
        while (Core.DecideNext() is { } decision)
        {
            message = decision.Pod.Key.Name == name ? decision.Message : message;
            if (decision.NodeName is { } node)
            {
                Places[decision.Pod.Key.Name] = node;
            }
        }

        return message;
    }

    public void Delete(string name, string space = "default")
    {
        Core.ApplyPod(ChangeKind.Deleted, new PodSketch(name) { Namespace = space }.Build(++_revision));
        Places.Remove(name);
    }
}
