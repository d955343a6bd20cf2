using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Storage.VolumeAttachments;

/// <summary>
/// Which nodes a change may concern. Nodes without claims, and that is how they heartbeat, cost a look-up.
/// </summary>
internal sealed class AttachmentIndex
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, string> _nodes = [];
    private readonly TagIndex _pods = new();
    private readonly Dictionary<string, HashSet<string>> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _concerned = new(StringComparer.Ordinal);

    public static IReadOnlyList<ResourceName> Followed { get; } =
    [
        WellKnown.Pods, WellKnown.Nodes, WellKnown.PersistentVolumeClaims, WellKnown.PersistentVolumes,
        WellKnown.VolumeAttachments, WellKnown.CsiDrivers,
    ];

    /// <summary>The nodes that must be looked at.</summary>
    public IReadOnlyList<string> Apply(ResourceName resource, ResourceChange change)
    {
        lock (_lock)
        {
            var nodes = Concerned(resource, change).Where(n => n.Length > 0).ToList();
            _concerned.UnionWith(nodes);
            return nodes;
        }
    }

    /// <summary>Volumes that a node waits for: what becomes of them elsewhere concerns it.</summary>
    public void SetWaiting(string node, IReadOnlyList<string> volumes)
    {
        lock (_lock)
        {
            foreach (var (volume, waiting) in _waiting.ToList())
            {
                if (!volumes.Contains(volume) && waiting.Remove(node) && waiting.Count == 0)
                {
                    _waiting.Remove(volume);
                }
            }

            foreach (var volume in volumes)
            {
                if (!_waiting.TryGetValue(volume, out var waiting))
                {
                    _waiting[volume] = waiting = new HashSet<string>(StringComparer.Ordinal);
                }

                waiting.Add(node);
            }
        }
    }

    private IEnumerable<string> Concerned(ResourceName resource, ResourceChange change)
    {
        var item = change.Object;
        return resource == WellKnown.Pods ? OfPod(change)
            : resource == WellKnown.Nodes ? _concerned.Contains(item.Key.Name) ? [item.Key.Name] : []
            : resource == WellKnown.PersistentVolumeClaims ? OfClaim(item.Key)
            : resource == WellKnown.PersistentVolumes
                ? item.As<V1PersistentVolume>().Spec.ClaimRef is { } claim
                    ? OfClaim(new ObjectKey(claim.NamespaceProperty ?? "", claim.Name)) : []
            : resource == WellKnown.VolumeAttachments ? OfAttachment(item.As<V1VolumeAttachment>())
            : _nodes.Values.Distinct(StringComparer.Ordinal);
    }

    private IEnumerable<string> OfPod(ResourceChange change)
    {
        var item = change.Object;
        var node = PodFacts.Of(item).NodeName;
        if (node.Length == 0 || !PodClaims.MayHaveAny(item.Json.Span))
        {
            return [];
        }

        if (change.Kind == ChangeKind.Deleted)
        {
            _nodes.Remove(item.Key);
            _pods.Set(item.Key, []);
        }
        else if (_nodes.TryAdd(item.Key, node))
        {
            _pods.Set(
                item.Key,
                PodClaims.Of(item.As<V1Pod>()).Select(c => new ObjectKey(item.Key.Namespace, c.Name).ToString()));
        }

        return [node];
    }

    private IEnumerable<string> OfClaim(ObjectKey claim)
    {
        var pods = new List<ObjectKey>();
        _pods.Find(claim.ToString(), pods);
        return pods.Select(p => _nodes.GetValueOrDefault(p, ""));
    }

    private IEnumerable<string> OfAttachment(V1VolumeAttachment attachment)
    {
        var volume = attachment.Spec.Source?.PersistentVolumeName ?? "";
        return _waiting.GetValueOrDefault(volume, []).Append(attachment.Spec.NodeName ?? "");
    }
}
