using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What the scheduler keeps of the objects of one kind.</summary>
public interface IObjectTable
{
    void Apply(ChangeKind kind, ResourceObject item);

    /// <summary>
    /// Whether a pod that waits may be helped by an object that comes, changes or goes; asked before it is applied.
    /// </summary>
    bool MayHelp(ResourceObject item) => true;

    /// <summary>After a gap in the stream of changes: forgets what is no longer there.</summary>
    void KeepOnly(IReadOnlySet<ObjectKey> present);
}

/// <summary>The objects of one kind, as far as they are read, by key.</summary>
/// <param name="read">What is kept of an object.</param>
/// <param name="mayHelp">Which changes may help pods that wait; null for all.</param>
public sealed class ObjectTable<T>(Func<ResourceObject, T> read, Func<T, T, bool>? mayHelp = null) : IObjectTable
    where T : class
{
    private readonly Dictionary<ObjectKey, T> _items = [];

    /// <summary>What was told of objects that are seen as they will be.</summary>
    private readonly Dictionary<ObjectKey, T> _told = [];

    /// <summary>Of the objects as they were told.</summary>
    private readonly Dictionary<ObjectKey, long> _revisions = [];

    public Dictionary<ObjectKey, T>.ValueCollection All => _items.Values;

    public T? Find(ObjectKey key) => _items.GetValueOrDefault(key);

    /// <summary>One without a namespace.</summary>
    public T? Find(string name) => Find(new ObjectKey("", name));

    /// <summary>
    /// Sees an object as it will be when what is being written is, until it is told of a newer version, whatever that
    /// is, or that is taken back.
    /// </summary>
    public void Assume(ObjectKey key, T item)
    {
        if (_items.TryGetValue(key, out var told))
        {
            _told.TryAdd(key, told);
            _items[key] = item;
        }
    }

    /// <summary>Sees an object as it was told again; false when it is seen so already.</summary>
    public bool Restore(ObjectKey key)
    {
        if (!_told.Remove(key, out var told))
        {
            return false;
        }

        _items[key] = told;
        return true;
    }

    /// <inheritdoc/>
    public bool MayHelp(ResourceObject item) => mayHelp is null
        || (_told.GetValueOrDefault(item.Key) ?? Find(item.Key)) is not { } old
        || mayHelp(old, read(item));

    /// <inheritdoc/>
    public void Apply(ChangeKind kind, ResourceObject item)
    {
        if (kind == ChangeKind.Deleted)
        {
            Remove(item.Key);
        }
        else if (!_told.ContainsKey(item.Key) || item.Revision > _revisions[item.Key])
        {
            _told.Remove(item.Key);
            _items[item.Key] = read(item);
            _revisions[item.Key] = item.Revision;
        }
    }

    /// <inheritdoc/>
    public void KeepOnly(IReadOnlySet<ObjectKey> present)
    {
        foreach (var gone in _items.Keys.Where(k => !present.Contains(k)).ToArray())
        {
            Remove(gone);
        }
    }

    private void Remove(ObjectKey key)
    {
        _items.Remove(key);
        _told.Remove(key);
        _revisions.Remove(key);
    }
}
