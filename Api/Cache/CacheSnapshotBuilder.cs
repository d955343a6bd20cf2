using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>Derives the next snapshot from one, change by change.</summary>
internal sealed class CacheSnapshotBuilder(IReadOnlyList<FieldReader> indexed)
{
    public IReadOnlyList<FieldReader> Indexed => indexed;

    /// <inheritdoc cref="CacheSnapshot.ReplacedBytes"/>
    public long ReplacedBytes { get; set; }

    /// <inheritdoc cref="CacheSnapshot.Bytes"/>
    public long Bytes { get; set; }

    public OrderedTree<CachedObject, CachedObjectOrder> Objects { get; set; } =
        OrderedTree<CachedObject, CachedObjectOrder>.Empty;

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

        var builder = new CacheSnapshotBuilder(indexed)
        {
            Objects = OrderedTree<CachedObject, CachedObjectOrder>.FromOrdered(objects),
            Owners = FromUnordered(owners),
            Labels = FromUnordered(labels),
            Fields = FromUnordered(fields),
            Bytes = loaded.Objects.Sum(static o => (long)o.Json.Length),
        };
        return new CacheSnapshot(builder, loaded.Revision);
    }

    /// <summary>
    /// Applies a change. The result knows the previous version, which comes from here, not from the journal.
    /// </summary>
    public (CacheEvent Event, CachedObject? Previous, CachedObject? Next) Apply(Change change)
    {
        var item = change.Object;
        if (change.IsNothing)
        {
            return (new CacheEvent(change.Kind, item, null), null, null);
        }

        var previous = Objects.TryFind(new KeyProbe(item.Key), out var found) ? found : null;
        Invariant.Check(
            (previous?.Object.Revision ?? 0) == change.PreviousRevision,
            "a cache applies every change in order",
            $"{item.Key} at {item.Revision}");
        ReplacedBytes += previous?.Object.Json.Length ?? 0;
        CachedObject? next = null;
        if (change.Kind == ChangeKind.Deleted)
        {
            Objects = Objects.Remove(previous!);
        }
        else
        {
            next = new CachedObject(item, ReadFields(indexed, item));
            Objects = Objects.Set(next);
        }

        Bytes += (next?.Object.Json.Length ?? 0) - (previous?.Object.Json.Length ?? 0);

        UpdateIndexes(item.Key, previous, next);
        return (new CacheEvent(change.Kind, item, previous?.Object), previous, next);
    }

    private void UpdateIndexes(ObjectKey key, CachedObject? previous, CachedObject? next)
    {
        for (var i = 0; i < indexed.Count; i++)
        {
            var (old, now) = (previous?.Fields[i], next?.Fields[i]);
            if (!string.Equals(old, now, StringComparison.Ordinal))
            {
                Fields = old is null ? Fields : Fields.Remove(new IndexEntry(indexed[i].Path, old, key));
                Fields = now is null ? Fields : Fields.Set(new IndexEntry(indexed[i].Path, now, key));
            }
        }

        if (!Maps.Same(previous?.Object.Metadata.Labels, next?.Object.Metadata.Labels))
        {
            Labels = Update(Labels, LabelEntries(previous?.Object), LabelEntries(next?.Object));
        }

        if (!SameOwners(previous, next))
        {
            Owners = Update(Owners, OwnerEntries(previous?.Object), OwnerEntries(next?.Object));
        }
    }

    private static OrderedTree<IndexEntry, IndexEntryOrder> Update(
        OrderedTree<IndexEntry, IndexEntryOrder> index, IEnumerable<IndexEntry> old, IEnumerable<IndexEntry> now)
    {
        foreach (var entry in old)
        {
            index = index.Remove(entry);
        }

        foreach (var entry in now)
        {
            index = index.Set(entry);
        }

        return index;
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
