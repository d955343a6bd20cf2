using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>The pods that are on nodes or assumed there, for plugins that look at more than one node.</summary>
public sealed class PlacedPods
{
    private readonly Dictionary<ObjectKey, PlacedPod> _all = [];
    private readonly Dictionary<ObjectKey, PlacedPod> _withTerms = [];

    public Dictionary<ObjectKey, PlacedPod>.ValueCollection All => _all.Values;

    /// <summary>Those that have terms about other pods themselves.</summary>
    public Dictionary<ObjectKey, PlacedPod>.ValueCollection WithTerms => _withTerms.Values;

    /// <summary>A pod that was placed, or its newer version.</summary>
    public void Put(PodInfo pod, NodeInfo node)
    {
        _all[pod.Key] = new PlacedPod(pod, node);
        if (pod.Shape.Terms is not null)
        {
            _withTerms[pod.Key] = new PlacedPod(pod, node);
        }
        else
        {
            _withTerms.Remove(pod.Key);
        }
    }

    public void Remove(ObjectKey key)
    {
        _all.Remove(key);
        _withTerms.Remove(key);
    }
}

/// <summary>A pod and where it is.</summary>
public readonly record struct PlacedPod(PodInfo Pod, NodeInfo Node);
