using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Pods that came onto nodes, left them, or have other labels, as they were and as they are; and whom these may help,
/// which is found out once for pods that are alike.
/// </summary>
public sealed class MovedPods
{
    /// <summary>Of more pods than this it does not matter which ones they are.</summary>
    public const int Max = 256;

    private readonly List<PodInfo> _pods = [];
    private readonly Dictionary<IRelationPlugin, Dictionary<PodInfo, bool>> _helped = [];

    /// <summary>One of each kind; null when that is not known.</summary>
    private PodInfo[]? _kinds;

    public void Add(PodInfo pod)
    {
        if (_pods.Count <= Max)
        {
            _pods.Add(pod);
            Unlearn();
        }
    }

    public void Clear()
    {
        _pods.Clear();
        Unlearn();
    }

    /// <summary>Whether one of them may turn the rejection of a pod by a plugin around.</summary>
    public bool MayHelp(PodInfo pod, IRelationPlugin plugin)
    {
        if (_pods.Count > Max)
        {
            return true;
        }

        if (!_helped.TryGetValue(plugin, out var known))
        {
            _helped[plugin] = known = new Dictionary<PodInfo, bool>(AlikePods.Instance);
        }

        if (!known.TryGetValue(pod, out var isHelped))
        {
            known[pod] = isHelped = IsMinded(pod, plugin);
        }

        return isHelped;
    }

    private bool IsMinded(PodInfo pod, IRelationPlugin plugin)
    {
        foreach (var other in _kinds ??= [.. _pods.Distinct(AlikePods.Instance)])
        {
            if (plugin.Minds(pod, other))
            {
                return true;
            }
        }

        return false;
    }

    private void Unlearn()
    {
        _helped.Clear();
        _kinds = null;
    }

    /// <summary>Pods are alike in all that <see cref="IRelationPlugin.Minds"/> depends on.</summary>
    private sealed class AlikePods : IEqualityComparer<PodInfo>
    {
        public static readonly AlikePods Instance = new();

        public bool Equals(PodInfo? x, PodInfo? y) => ReferenceEquals(x, y)
            || (x is not null && y is not null
                && ReferenceEquals(x.Shape, y.Shape)
                && string.Equals(x.Key.Namespace, y.Key.Namespace, StringComparison.Ordinal)
                && Maps.Same(x.Labels, y.Labels));

        public int GetHashCode(PodInfo pod)
        {
            var labels = 0;
            foreach (var (name, value) in pod.Labels)
            {
                labels ^= HashCode.Combine(name, value); // in any order
            }

            return HashCode.Combine(pod.Shape, pod.Key.Namespace, labels);
        }
    }
}
