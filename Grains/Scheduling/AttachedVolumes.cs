using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A volume that is, or is to be, attached to a node.</summary>
/// <param name="Node">The name of the node.</param>
/// <param name="Driver">Who attaches it.</param>
/// <param name="Volume">The name of the PersistentVolume.</param>
public sealed record AttachedVolume(string Node, string Driver, string Volume);

/// <summary>What is attached to nodes, whether a pod there uses it or none does any more.</summary>
public sealed class AttachedVolumes : IObjectTable
{
    private readonly Dictionary<ObjectKey, AttachedVolume> _all = [];
    private readonly Dictionary<string, HashSet<ObjectKey>> _byNode = new(StringComparer.Ordinal);

    /// <summary>What is attached to a node.</summary>
    public IEnumerable<AttachedVolume> On(string node) =>
        _byNode.TryGetValue(node, out var keys) ? keys.Select(k => _all[k]) : [];

    /// <inheritdoc/>
    public void Apply(ChangeKind kind, ResourceObject item)
    {
        Forget(item.Key);
        if (kind != ChangeKind.Deleted
            && item.As<V1VolumeAttachment>().Spec is { Source.PersistentVolumeName: { Length: > 0 } volume } spec)
        {
            _all[item.Key] = new AttachedVolume(spec.NodeName, spec.Attacher, volume);
            if (!_byNode.TryGetValue(spec.NodeName, out var keys))
            {
                _byNode[spec.NodeName] = keys = [];
            }

            keys.Add(item.Key);
        }
    }

    /// <inheritdoc/>
    public void KeepOnly(IReadOnlySet<ObjectKey> present)
    {
        foreach (var gone in _all.Keys.Where(k => !present.Contains(k)).ToArray())
        {
            Forget(gone);
        }
    }

    private void Forget(ObjectKey key)
    {
        if (_all.Remove(key, out var known) && _byNode[known.Node] is var keys && keys.Remove(key) && keys.Count == 0)
        {
            _byNode.Remove(known.Node);
        }
    }
}
