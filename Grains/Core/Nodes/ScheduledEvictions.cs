using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// Who is to leave which node when, as far as that has been seen here: what an eviction that is called off is known by.
/// Evictions are not driven by it, and losing it loses an event at most.
/// </summary>
internal sealed class ScheduledEvictions
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<ObjectKey, Scheduled>> _nodes = new(StringComparer.Ordinal);

    /// <summary>The pod is to leave the node at a time that has not come.</summary>
    public void Add(string node, V1Pod pod, DateTimeOffset due)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(node, out var pods))
            {
                _nodes[node] = pods = [];
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

    /// <summary>
    /// The pod's eviction is scheduled no longer; the pod if its time had not come, so that it is called off, not
    /// carried out.
    /// </summary>
    public V1Pod? Remove(string node, ObjectKey pod, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(node, out var pods) || !pods.Remove(pod, out var scheduled))
            {
                return null;
            }

            if (pods.Count == 0)
            {
                _nodes.Remove(node);
            }

            return scheduled.Due > now ? scheduled.Pod : null;
        }
    }

    /// <summary>No pod must leave the node any more; those whose time had not come.</summary>
    public IReadOnlyList<V1Pod> RemoveAll(string node, DateTimeOffset now)
    {
        lock (_lock)
        {
            return _nodes.Remove(node, out var pods)
                ? [.. pods.Values.Where(s => s.Due > now).Select(static s => s.Pod)]
                : [];
        }
    }

    private sealed record Scheduled(V1Pod Pod, DateTimeOffset Due);
}
