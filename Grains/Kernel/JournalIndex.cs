using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The newest revision of every object: the optimistic lock of a journal. Objects themselves are kept only while their
/// last change is in the ring, so memory beyond the ring is about 100 bytes an object.
/// </summary>
internal sealed class JournalIndex
{
    private readonly Dictionary<ObjectKey, Entry> _entries = [];

    public void Load(IReadOnlyList<KeyRevision> revisions)
    {
        _entries.Clear();
        _entries.EnsureCapacity(revisions.Count);
        foreach (var (key, revision) in revisions)
        {
            _entries.Add(key, new Entry { Revision = revision });
        }
    }

    /// <summary>0 when there is no such object.</summary>
    public long RevisionOf(ObjectKey key) => _entries.TryGetValue(key, out var entry) ? entry.Revision : 0;

    /// <summary>The newest version if it is still in memory.</summary>
    public ResourceObject? InMemory(ObjectKey key) => _entries.TryGetValue(key, out var entry) ? entry.Latest : null;

    /// <summary>Applies a committed change.</summary>
    public void Apply(Change change)
    {
        if (change.Kind == ChangeKind.Deleted)
        {
            _entries.Remove(change.Object.Key);
            return;
        }

        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, change.Object.Key, out _);
        entry.Revision = change.Object.Revision;
        entry.Latest = change.Object;
    }

    /// <summary>Lets go of the object of a change that left the ring.</summary>
    public void Forget(Change change)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, change.Object.Key);
        if (!Unsafe.IsNullRef(ref entry) && ReferenceEquals(entry.Latest, change.Object))
        {
            entry.Latest = null;
        }
    }

    private struct Entry
    {
        public long Revision;
        public ResourceObject? Latest;
    }
}
