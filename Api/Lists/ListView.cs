using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// A resource at one revision, for lists: a snapshot, or a snapshot with newer changes taken back. The second form
/// serves any revision that the change log still reaches, on any silo, without anyone having held a snapshot for it.
/// </summary>
public sealed class ListView
{
    private readonly CacheSnapshot _snapshot;

    /// <summary>
    /// What differs from the snapshot at <see cref="Revision"/>; null where the object did not exist.
    /// </summary>
    private readonly SortedList<ObjectKey, ResourceObject?>? _past;

    public ListView(CacheSnapshot snapshot)
    {
        _snapshot = snapshot;
        Revision = snapshot.Revision;
    }

    private ListView(CacheSnapshot snapshot, long revision, SortedList<ObjectKey, ResourceObject?> past)
    {
        _snapshot = snapshot;
        _past = past;
        Revision = revision;
    }

    /// <summary>The revision at which the view is exact.</summary>
    public long Revision { get; }

    /// <summary>Takes back changes that a snapshot contains beyond a revision.</summary>
    /// <param name="snapshot">A newer state.</param>
    /// <param name="revision">The revision wanted.</param>
    /// <param name="changes">All changes after <paramref name="revision"/>; those beyond the snapshot are
    /// ignored.</param>
    public static ListView TakeBack(CacheSnapshot snapshot, long revision, IEnumerable<CacheEvent> changes)
    {
        var past = new SortedList<ObjectKey, ResourceObject?>();
        foreach (var change in changes)
        {
            if (change.Revision <= snapshot.Revision)
            {
                // The first change of an object knows what was before it; later ones do not matter.
                past.TryAdd(change.Object.Key, change.Previous);
            }
        }

        return new ListView(snapshot, revision, past);
    }

    /// <summary>Objects in key order, beginning after a key; all selected ones are among them.</summary>
    public IEnumerable<ResourceObject> Candidates(ObjectSelection selection, ObjectKey? after) =>
        _past is null ? selection.Candidates(_snapshot, after) : Merge(selection.Namespace, after);

    /// <summary>All objects of a namespace (empty: of all) in key order.</summary>
    public IEnumerable<ResourceObject> All(string inNamespace) =>
        _past is null ? _snapshot.Range(inNamespace, null) : Merge(inNamespace, null);

    public ResourceObject? Get(ObjectKey key) =>
        _past is not null && _past.TryGetValue(key, out var past) ? past : _snapshot.Get(key);

    /// <summary>How many objects a namespace (empty: all) has after a key.</summary>
    public int CountAfter(string inNamespace, ObjectKey? after)
    {
        var count = _snapshot.CountRange(inNamespace, after);
        if (_past is null)
        {
            return count;
        }

        foreach (var (key, item) in _past)
        {
            if (InRange(key, inNamespace, after))
            {
                count += (item is null ? 0 : 1) - (_snapshot.Get(key) is null ? 0 : 1);
            }
        }

        return count;
    }

    private static bool InRange(ObjectKey key, string inNamespace, ObjectKey? after) =>
        (inNamespace.Length == 0 || string.Equals(key.Namespace, inNamespace, StringComparison.Ordinal)) &&
        (after is not { } bound || key > bound);

    private IEnumerable<ResourceObject> Merge(string inNamespace, ObjectKey? after)
    {
        var next = 0;
        foreach (var item in _snapshot.Range(inNamespace, after))
        {
            for (; next < _past!.Count && _past.GetKeyAtIndex(next) < item.Key; next++)
            {
                if (_past.GetValueAtIndex(next) is { } gone && InRange(gone.Key, inNamespace, after))
                {
                    yield return gone;
                }
            }

            if (next >= _past.Count || _past.GetKeyAtIndex(next) != item.Key)
            {
                yield return item;
            }
        }

        for (; next < _past!.Count; next++)
        {
            if (_past.GetValueAtIndex(next) is { } gone && InRange(gone.Key, inNamespace, after))
            {
                yield return gone;
            }
        }
    }
}
