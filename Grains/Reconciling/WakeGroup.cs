using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>Objects that are woken together by what concerns them all. Not thread-safe.</summary>
internal sealed class WakeGroup
{
    private readonly HashSet<ObjectKey> _members = [];

    public bool IsEmpty => _members.Count == 0;

    /// <summary>Takes an object in, or out when it no longer belongs here.</summary>
    /// <param name="change">What became of the object; once deleted it belongs nowhere.</param>
    /// <param name="belongs">Whether it belongs here as it is.</param>
    public void Note(ResourceChange change, Predicate<ResourceObject> belongs) =>
        _ = change.Kind != ChangeKind.Deleted && belongs(change.Object)
            ? _members.Add(change.Object.Key)
            : _members.Remove(change.Object.Key);

    /// <summary>Adds all that belong here.</summary>
    public void Wake(ICollection<ObjectKey> keys)
    {
        foreach (var key in _members)
        {
            keys.Add(key);
        }
    }
}
