using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>Derives the next snapshot from one, change by change.</summary>
internal sealed class CacheSnapshotBuilder(IReadOnlyList<FieldReader> indexed)
{
    private readonly Dictionary<ObjectKey, CachedObject?> _changed = [];
    private readonly List<TreeChange<CachedObject>> _objects = [];
    private readonly List<TreeChange<IndexEntry>> _owners = [];
    private readonly List<TreeChange<IndexEntry>> _labels = [];
    private readonly List<TreeChange<IndexEntry>> _fields = [];

    public IReadOnlyList<FieldReader> Indexed => indexed;

    /// <summary>Of the last change that was applied.</summary>
    public required long Revision { get; set; }

    /// <inheritdoc cref="CacheSnapshot.ReplacedBytes"/>
    public long ReplacedBytes { get; set; }

    /// <inheritdoc cref="CacheSnapshot.Bytes"/>
    public long Bytes { get; set; }

    public OrderedTree<CachedObject, CachedObjectOrder> Objects { get; set; } =
        OrderedTree<CachedObject, CachedObjectOrder>.Empty;

    /// <summary>Of the cache's newest state, one for all of its snapshots.</summary>
    public required NewestObjects Newest { get; set; }

    public OrderedTree<IndexEntry, IndexEntryOrder> Owners { get; set; } =
        OrderedTree<IndexEntry, IndexEntryOrder>.Empty;

    public OrderedTree<IndexEntry, IndexEntryOrder> Labels { get; set; } =
        OrderedTree<IndexEntry, IndexEntryOrder>.Empty;

    public OrderedTree<IndexEntry, IndexEntryOrder> Fields { get; set; } =
        OrderedTree<IndexEntry, IndexEntryOrder>.Empty;

    /// <summary>The snapshot of objects that are in key order.</summary>
    public static CacheSnapshot Load(ObjectSnapshot loaded, IReadOnlyList<FieldReader> indexed)
    {
        var (owners, labels, fields) = (new List<IndexEntry>(), new List<IndexEntry>(), new List<IndexEntry>());
        var objects = new List<CachedObject>(loaded.Objects.Count);
        foreach (var item in loaded.Objects)
        {
            var cached = new CachedObject(item, ReadFields(indexed, item));
            objects.Add(cached);
            owners.AddRange(OwnerEntries(item));
            labels.AddRange(LabelEntries(item));
            fields.AddRange(indexed.Select((field, i) => new IndexEntry(field.Path, cached.Fields[i], item.Key)));
        }

        return new CacheSnapshot(new CacheSnapshotBuilder(indexed)
        {
            Revision = loaded.Revision,
            Objects = OrderedTree<CachedObject, CachedObjectOrder>.FromOrdered(objects),
            Newest = new NewestObjects(objects),
            Owners = FromUnordered(owners),
            Labels = FromUnordered(labels),
            Fields = FromUnordered(fields),
            Bytes = loaded.Objects.Sum(static o => (long)o.Json.Length),
        });
    }

    /// <summary>
    /// Applies a change. The result knows the previous version, which comes from here, not from the journal.
    /// </summary>
    public (CacheEvent Event, CachedObject? Previous, CachedObject? Next) Apply(Change change)
    {
        var item = change.Object;
        if (change.IsNothing)
        {
            Revision = item.Revision;
            return (new CacheEvent(change.Kind, item, null), null, null);
        }

        var previous = Find(item.Key);
        Invariant.Check(
            (previous?.Object.Revision ?? 0) == change.PreviousRevision,
            "a cache applies every change in order",
            $"{item.Key} at {item.Revision}");
        ReplacedBytes += previous?.Object.Json.Length ?? 0;
        var next = change.Kind == ChangeKind.Deleted ? null : new CachedObject(item, ReadFields(indexed, item));
        _changed[item.Key] = next;
        _objects.Add(new TreeChange<CachedObject>(next ?? previous!, next is null));
        Revision = item.Revision;
        Bytes += (next?.Object.Json.Length ?? 0) - (previous?.Object.Json.Length ?? 0);

        UpdateIndexes(item.Key, previous, next);
        return (new CacheEvent(change.Kind, item, previous?.Object), previous, next);
    }

    /// <summary>The state after the changes so far; more may follow.</summary>
    public CacheSnapshot Build()
    {
        Objects = Objects.Update(_objects);
        Owners = Owners.Update(_owners);
        Labels = Labels.Update(_labels);
        Fields = Fields.Update(_fields);
        foreach (var (key, item) in _changed)
        {
            Newest.Note(key, item);
        }

        if (Newest.IsTooSmallFor(Objects.Count))
        {
            Newest = new NewestObjects(Objects.Range(0, Objects.Count));
        }

        _changed.Clear();
        _objects.Clear();
        _owners.Clear();
        _labels.Clear();
        _fields.Clear();
        return new CacheSnapshot(this);
    }

    private CachedObject? Find(ObjectKey key) =>
        _changed.TryGetValue(key, out var changed) ? changed
        : Newest.Find(key, Revision) ?? (Objects.TryFind(new KeyProbe(key), out var found) ? found : null);

    private void UpdateIndexes(ObjectKey key, CachedObject? previous, CachedObject? next)
    {
        for (var i = 0; i < indexed.Count; i++)
        {
            var (old, now) = (previous?.Fields[i], next?.Fields[i]);
            if (!string.Equals(old, now, StringComparison.Ordinal))
            {
                Note(_fields, indexed[i].Path, old, key, isRemoval: true);
                Note(_fields, indexed[i].Path, now, key, isRemoval: false);
            }
        }

        if (!Maps.Same(previous?.Object.Metadata.Labels, next?.Object.Metadata.Labels))
        {
            Note(_labels, LabelEntries(previous?.Object), LabelEntries(next?.Object));
        }

        if (!SameOwners(previous, next))
        {
            Note(_owners, OwnerEntries(previous?.Object), OwnerEntries(next?.Object));
        }
    }

    private static void Note(
        List<TreeChange<IndexEntry>> changes, string path, string? value, ObjectKey key, bool isRemoval)
    {
        if (value is not null)
        {
            changes.Add(new TreeChange<IndexEntry>(new IndexEntry(path, value, key), isRemoval));
        }
    }

    private static void Note(
        List<TreeChange<IndexEntry>> changes, IEnumerable<IndexEntry> old, IEnumerable<IndexEntry> now)
    {
        foreach (var entry in old)
        {
            changes.Add(new TreeChange<IndexEntry>(entry, IsRemoval: true));
        }

        foreach (var entry in now)
        {
            changes.Add(new TreeChange<IndexEntry>(entry, IsRemoval: false));
        }
    }

    private static bool SameOwners(CachedObject? left, CachedObject? right)
    {
        var old = left?.Object.Metadata.Owners ?? [];
        var now = right?.Object.Metadata.Owners ?? [];
        if (old.Count != now.Count)
        {
            return false;
        }

        for (var i = 0; i < old.Count; i++)
        {
            if (!string.Equals(old[i].Uid, now[i].Uid, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<IndexEntry> LabelEntries(ResourceObject? item) =>
        item is null ? [] : item.Metadata.Labels.Select(label => new IndexEntry(label.Key, label.Value, item.Key));

    private static IEnumerable<IndexEntry> OwnerEntries(ResourceObject? item) =>
        item is null ? [] : item.Metadata.Owners.Select(owner => new IndexEntry("", owner.Uid, item.Key));

    private static string[] ReadFields(IReadOnlyList<FieldReader> indexed, ResourceObject item)
    {
        if (indexed.Count == 0)
        {
            return [];
        }

        var values = new string[indexed.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = indexed[i].Read(item.Json.Span);
        }

        return values;
    }

    private static OrderedTree<IndexEntry, IndexEntryOrder> FromUnordered(List<IndexEntry> entries)
    {
        entries.Sort(IndexEntryOrder.Compare);
        // An object may name one owner twice; the tree holds each entry once.
        return OrderedTree<IndexEntry, IndexEntryOrder>.FromOrdered([.. entries.Distinct()]);
    }
}
