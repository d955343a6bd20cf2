using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What the scheduler keeps of the objects of one kind.</summary>
public interface IObjectTable
{
    void Apply(ChangeKind kind, ResourceObject item);

    /// <summary>After a gap in the stream of changes: forgets what is no longer there.</summary>
    void KeepOnly(IReadOnlySet<ObjectKey> present);
}

/// <summary>The objects of one kind, as far as they are read, by key.</summary>
/// <param name="read">What is kept of an object.</param>
public sealed class ObjectTable<T>(Func<ResourceObject, T> read) : IObjectTable
    where T : class
{
    private readonly Dictionary<ObjectKey, T> _items = [];

    public Dictionary<ObjectKey, T>.ValueCollection All => _items.Values;

    public T? Find(ObjectKey key) => _items.GetValueOrDefault(key);

    /// <summary>One without a namespace.</summary>
    public T? Find(string name) => Find(new ObjectKey("", name));

    /// <inheritdoc/>
    public void Apply(ChangeKind kind, ResourceObject item)
    {
        if (kind == ChangeKind.Deleted)
        {
            _items.Remove(item.Key);
        }
        else
        {
            _items[item.Key] = read(item);
        }
    }

    /// <inheritdoc/>
    public void KeepOnly(IReadOnlySet<ObjectKey> present)
    {
        foreach (var gone in _items.Keys.Where(k => !present.Contains(k)).ToArray())
        {
            _items.Remove(gone);
        }
    }
}
