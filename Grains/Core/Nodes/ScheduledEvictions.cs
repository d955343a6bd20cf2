using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// Who is to leave which place when, as far as that has been seen here: what an eviction that is called off is known
/// by, and that its time stays. Evictions are not driven by it: losing it loses an event at most, or lets a pod stay
/// for longer whose taints or tolerations have changed since.
/// </summary>
/// <typeparam name="TPlace">What pods leave: a node by its name, the devices of a claim by its key.</typeparam>
internal sealed class ScheduledEvictions<TPlace>
    where TPlace : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TPlace, Dictionary<ObjectKey, Scheduled>> _places = [];

    /// <summary>The places that some pod is to leave.</summary>
    public IReadOnlyList<TPlace> Places
    {
        get
        {
            lock (_lock)
            {
                return [.. _places.Keys];
            }
        }
    }

    /// <summary>The pod is to leave the place at this time.</summary>
    public void Add(TPlace place, V1Pod pod, DateTimeOffset due)
    {
        lock (_lock)
        {
            if (!_places.TryGetValue(place, out var pods))
            {
                _places[place] = pods = [];
            }

            // What an event refers to, and no more: there may be thousands.
            pods[pod.Key()] = new Scheduled(
                new V1Pod
                {
                    Metadata = new V1ObjectMeta
                    {
                        Name = pod.Metadata.Name,
                        NamespaceProperty = pod.Metadata.NamespaceProperty,
                        Uid = pod.Metadata.Uid,
                    },
                },
                due);
        }
    }

    /// <summary>When the pod is to leave the place; null for never.</summary>
    public DateTimeOffset? Find(TPlace place, V1Pod pod)
    {
        lock (_lock)
        {
            return _places.TryGetValue(place, out var pods) && pods.TryGetValue(pod.Key(), out var known)
                && known.Pod.Metadata.Uid == pod.Metadata.Uid ? known.Due : null;
        }
    }

    /// <summary>True when some pod is to leave the place.</summary>
    public bool Has(TPlace place)
    {
        lock (_lock)
        {
            return _places.ContainsKey(place);
        }
    }

    /// <summary>
    /// The pod's eviction is scheduled no longer; the pod if its time had not come, so that it is called off, not
    /// carried out.
    /// </summary>
    public V1Pod? Remove(TPlace place, ObjectKey pod, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (!_places.TryGetValue(place, out var pods) || !pods.Remove(pod, out var scheduled))
            {
                return null;
            }

            if (pods.Count == 0)
            {
                _places.Remove(place);
            }

            return scheduled.Due > now ? scheduled.Pod : null;
        }
    }

    /// <summary>No pod must leave the place any more; those whose time had not come.</summary>
    public IReadOnlyList<V1Pod> RemoveAll(TPlace place, DateTimeOffset now) => RemoveOthers(place, [], now);

    /// <summary>None but these must leave the place any more; of the others those whose time had not come.</summary>
    public IReadOnlyList<V1Pod> RemoveOthers(TPlace place, IEnumerable<V1Pod> leaving, DateTimeOffset now)
    {
        var uids = leaving.Select(static p => p.Metadata.Uid).ToHashSet();
        lock (_lock)
        {
            if (!_places.TryGetValue(place, out var pods))
            {
                return [];
            }

            var others = pods.Values.Where(s => !uids.Contains(s.Pod.Metadata.Uid)).ToList();
            others.ForEach(s => pods.Remove(s.Pod.Key()));
            if (pods.Count == 0)
            {
                _places.Remove(place);
            }

            return [.. others.Where(s => s.Due > now).Select(static s => s.Pod)];
        }
    }

    private sealed record Scheduled(V1Pod Pod, DateTimeOffset Due);
}
