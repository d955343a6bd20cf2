using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The pods that are on nodes or assumed there, for what looks at single pods or at more than one node.
/// </summary>
public sealed class PlacedPods(SpreadGroups groups)
{
    private readonly Dictionary<ObjectKey, PlacedPod> _all = [];
    private readonly Dictionary<ObjectKey, PlacedPod> _withTerms = [];
    private readonly SortedDictionary<int, int> _priorities = [];

    public Dictionary<ObjectKey, PlacedPod>.ValueCollection All => _all.Values;

    /// <summary>Those that have terms about other pods themselves.</summary>
    public Dictionary<ObjectKey, PlacedPod>.ValueCollection WithTerms => _withTerms.Values;

    /// <summary>True when a pod of a lower priority is on some node.</summary>
    public bool AnyBelow(int priority)
    {
        foreach (var (lowest, _) in _priorities)
        {
            return lowest < priority;
        }

        return false;
    }

    /// <summary>A pod that was placed, or its newer version.</summary>
    public void Put(PodInfo pod, NodeInfo node)
    {
        if (_all.TryGetValue(pod.Key, out var before)
            && before.Node == node
            && before.Pod.IsDeleting == pod.IsDeleting
            && Maps.Same(before.Pod.Labels, pod.Labels))
        {
            Forget(pod.Key);
        }
        else
        {
            Remove(pod.Key);
            groups.Count(pod, node, 1);
        }

        _all[pod.Key] = new PlacedPod(pod, node);
        node.Pods.Add(pod);
        _priorities[pod.Priority] = _priorities.GetValueOrDefault(pod.Priority) + 1;
        if (pod.Shape.Terms is not null)
        {
            _withTerms[pod.Key] = new PlacedPod(pod, node);
        }
    }

    public void Remove(ObjectKey key)
    {
        if (Forget(key) is var (pod, node))
        {
            groups.Count(pod, node, -1);
        }
    }

    private PlacedPod? Forget(ObjectKey key)
    {
        if (!_all.Remove(key, out var placed))
        {
            return null;
        }

        var there = placed.Node.Pods;
        there[there.IndexOf(placed.Pod)] = there[^1];
        there.RemoveAt(there.Count - 1);
        _withTerms.Remove(key);
        if (--_priorities[placed.Pod.Priority] == 0)
        {
            _priorities.Remove(placed.Pod.Priority);
        }

        return placed;
    }
}

/// <summary>A pod and where it is.</summary>
public readonly record struct PlacedPod(PodInfo Pod, NodeInfo Node);
