namespace OrleansOrchestrator.Formats;

/// <summary>A table that forgets its oldest entries.</summary>
public sealed class BoundedTable<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, TValue> _entries = [];
    private readonly Queue<TKey> _order = new();

    /// <summary>The value of a key, which is made where there is none.</summary>
    public TValue GetOrAdd(TKey key, Func<TValue> create)
    {
        if (_entries.TryGetValue(key, out var known))
        {
            return known;
        }

        if (_entries.Count >= capacity)
        {
            _entries.Remove(_order.Dequeue());
        }

        _order.Enqueue(key);
        return _entries[key] = create();
    }
}
