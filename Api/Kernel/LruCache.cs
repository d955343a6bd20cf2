namespace OrleansOrchestrator.Api.Kernel;

/// <summary>Keeps so many entries: for a new one the one goes that has not been asked for the longest.</summary>
/// <typeparam name="TKey">What is asked for.</typeparam>
/// <typeparam name="TValue">What is kept.</typeparam>
/// <param name="capacity">How many.</param>
public sealed class LruCache<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _entries = [];

    /// <summary>Most recently asked for first.</summary>
    private readonly LinkedList<(TKey Key, TValue Value)> _order = new();

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>The entry; false when there is none.</summary>
    public bool TryGet(TKey key, out TValue value)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var node))
            {
                value = default!;
                return false;
            }

            _order.Remove(node);
            _order.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    /// <summary>Keeps an entry, in place of one that is there.</summary>
    public void Set(TKey key, TValue value)
    {
        lock (_lock)
        {
            if (_entries.Remove(key, out var old))
            {
                _order.Remove(old);
            }
            else if (_entries.Count == capacity)
            {
                _entries.Remove(_order.Last!.Value.Key);
                _order.RemoveLast();
            }

            _entries[key] = _order.AddFirst((key, value));
        }
    }

    /// <summary>The entry, made when there is none.</summary>
    public TValue GetOrAdd(TKey key, Func<TValue> make)
    {
        lock (_lock)
        {
            if (!TryGet(key, out var value))
            {
                Set(key, value = make());
            }

            return value;
        }
    }
}
