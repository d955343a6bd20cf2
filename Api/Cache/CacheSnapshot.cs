using System.Collections;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// All objects of a resource at one revision. Immutable; versions share their structure, so holding one is cheap.
/// </summary>
public sealed class CacheSnapshot
{
    /// <summary>
    /// A search among 10,000 objects compares some 14 keys all over memory; a step compares one nearby.
    /// </summary>
    private const int MaxStepsPerFound = 4;

    /// <summary>For fewer it is not worth asking where a walk begins and ends: that takes two searches.</summary>
    private const int MinWorthAWalk = 4;

    private readonly OrderedTree<CachedObject, CachedObjectOrder> _objects;
    private readonly NewestObjects _newest;
    private readonly OrderedTree<IndexEntry, IndexEntryOrder> _owners;
    private readonly OrderedTree<IndexEntry, IndexEntryOrder> _labels;
    private readonly OrderedTree<IndexEntry, IndexEntryOrder> _fields;
    private readonly IReadOnlyList<FieldReader> _indexed;

    internal CacheSnapshot(CacheSnapshotBuilder builder)
    {
        Revision = builder.Revision;
        (_objects, _owners, _labels, _fields) = (builder.Objects, builder.Owners, builder.Labels, builder.Fields);
        (_newest, _indexed) = (builder.Newest, builder.Indexed);
        (ReplacedBytes, Bytes) = (builder.ReplacedBytes, builder.Bytes);
    }

    /// <summary>The revision at which this is exact.</summary>
    public long Revision { get; }

    /// <summary>How many objects there are.</summary>
    public int Count => _objects.Count;

    /// <summary>
    /// Bytes of all versions of objects that changes have replaced since the cache was loaded. What this has grown by
    /// since a snapshot is what holding that snapshot keeps in memory.
    /// </summary>
    public long ReplacedBytes { get; }

    /// <summary>Of all objects.</summary>
    public long Bytes { get; }

    /// <summary>Null when there is no such object.</summary>
    public ResourceObject? Get(ObjectKey key) =>
        _newest.Find(key, Revision)?.Object ??
        (_objects.TryFind(new KeyProbe(key), out var item) ? item.Object : null);

    /// <summary>
    /// All objects of a namespace (empty: of all namespaces) in key order, beginning behind a key. Its Count takes
    /// logarithmic time.
    /// </summary>
    public CacheRange Range(string @namespace = "", ObjectKey? after = null)
    {
        var start = 0;
        var end = _objects.Count;
        if (@namespace.Length > 0)
        {
            start = _objects.CountBefore(new KeyProbe(new ObjectKey(@namespace, "")));
            end = _objects.CountBefore(new AfterNamespaceProbe(@namespace));
        }

        if (after is { } key)
        {
            start = Math.Max(start, _objects.CountBefore(new AfterKeyProbe(key)));
        }

        return new CacheRange(_objects.Range(start, end));
    }

    /// <summary>How many objects <see cref="Range"/> has, in logarithmic time.</summary>
    public int CountRange(string @namespace = "", ObjectKey? after = null) => Range(@namespace, after).Count;

    /// <summary>Objects that have an owner reference with this uid, in key order.</summary>
    public IEnumerable<ResourceObject> OwnedBy(string ownerUid) => Find(_owners, "", ownerUid);

    /// <summary>How many objects <see cref="OwnedBy"/> would yield.</summary>
    public int CountOwnedBy(string ownerUid) => Entries(_owners, "", ownerUid).Count;

    /// <summary>Objects with this label, in key order.</summary>
    public IEnumerable<ResourceObject> WithLabel(string name, string value) => Find(_labels, name, value);

    /// <summary>How many objects <see cref="WithLabel"/> would yield, to choose the most selective one.</summary>
    public int CountWithLabel(string name, string value) => Entries(_labels, name, value).Count;

    /// <summary>True when <see cref="WithField"/> can be asked for the field.</summary>
    public bool IsIndexed(string path)
    {
        foreach (var field in _indexed)
        {
            if (field.Path == path)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Objects with this value in an indexed field, in key order; an absent field counts as empty text.
    /// </summary>
    public IEnumerable<ResourceObject> WithField(string path, string value)
    {
        Invariant.Check(IsIndexed(path), "the field is indexed", path);
        return Find(_fields, path, value);
    }

    internal CacheSnapshotBuilder ToBuilder() => new(_indexed)
    {
        Objects = _objects, Newest = _newest, Owners = _owners, Labels = _labels, Fields = _fields,
        Revision = Revision, ReplacedBytes = ReplacedBytes, Bytes = Bytes,
    };

    private static OrderedTree<IndexEntry, IndexEntryOrder>.Slice Entries(
        OrderedTree<IndexEntry, IndexEntryOrder> index, string name, string value) => index.Range(
            index.CountBefore(new ValueProbe(name, value, -1)), index.CountBefore(new ValueProbe(name, value, 1)));

    /// <summary>Entries come in key order, as objects do, so the objects of many entries are met on one walk.</summary>
    private IEnumerable<ResourceObject> Find(OrderedTree<IndexEntry, IndexEntryOrder> index, string name, string value)
    {
        var entries = Entries(index, name, value);
        if (entries.Count < MinWorthAWalk)
        {
            return Seek(entries);
        }

        var start = _objects.CountBefore(new KeyProbe(entries[0].Key));
        var end = _objects.CountBefore(new AfterKeyProbe(entries[^1].Key));
        return end - start <= entries.Count * MaxStepsPerFound
            ? Walk(_objects.Range(start, end), entries)
            : Seek(entries);
    }

    private static IEnumerable<ResourceObject> Walk(
        OrderedTree<CachedObject, CachedObjectOrder>.Slice objects,
        OrderedTree<IndexEntry, IndexEntryOrder>.Slice entries)
    {
        var item = objects.GetEnumerator();
        foreach (var entry in entries)
        {
            bool isThere;
            while ((isThere = item.MoveNext()) && item.Current.Object.Key != entry.Key)
            {
                // Has another owner, label or field.
            }

            Invariant.Check(isThere, "an index names objects that are there", entry.Key);
            yield return item.Current.Object;
        }
    }

    private IEnumerable<ResourceObject> Seek(OrderedTree<IndexEntry, IndexEntryOrder>.Slice entries)
    {
        foreach (var entry in entries)
        {
            yield return Get(entry.Key)!;
        }
    }
}

/// <summary>Objects of a snapshot in key order. Enumerates without allocation when typed.</summary>
public readonly struct CacheRange : IReadOnlyList<ResourceObject>
{
    private readonly OrderedTree<CachedObject, CachedObjectOrder>.Slice _slice;

    internal CacheRange(OrderedTree<CachedObject, CachedObjectOrder>.Slice slice) => _slice = slice;

    public int Count => _slice.Count;

    public ResourceObject this[int index] => _slice[index].Object;

    public Enumerator GetEnumerator() => new(_slice.GetEnumerator());

    IEnumerator<ResourceObject> IEnumerable<ResourceObject>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Walks a range.</summary>
    public struct Enumerator : IEnumerator<ResourceObject>
    {
        private OrderedTree<CachedObject, CachedObjectOrder>.Enumerator _inner;

        internal Enumerator(OrderedTree<CachedObject, CachedObjectOrder>.Enumerator inner) => _inner = inner;

        public readonly ResourceObject Current => _inner.Current.Object;

        readonly object IEnumerator.Current => Current;

        public bool MoveNext() => _inner.MoveNext();

        public readonly void Reset() => throw new NotSupportedException();

        public readonly void Dispose()
        {
        }
    }
}
