using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// The newest events of a cache, an unbroken run bounded by number and bytes. Guarded by the cache's lock.
/// </summary>
internal sealed class EventRing(int maxEvents, long maxBytes)
{
    private const int FirstCapacity = 64;

    /// <summary>Circular; the length is a power of two.</summary>
    private CacheEvent[] _items = new CacheEvent[FirstCapacity];
    private int _start;
    private int _count;
    private long _bytes;

    /// <summary>The ring holds every event after this revision, up to <see cref="Newest"/>.</summary>
    public long After { get; private set; }

    public long Newest => After + _count;

    public void Reset(long revision)
    {
        Array.Clear(_items);
        (_start, _count, _bytes) = (0, 0, 0);
        After = revision;
    }

    public void Add(CacheEvent item)
    {
        Invariant.Check(item.Revision == Newest + 1, "events are dense", item.Revision);
        if (_count == _items.Length)
        {
            Grow();
        }

        _items[Slot(_count++)] = item;
        _bytes += item.Object.Json.Length;
        while (_count > maxEvents || (_bytes > maxBytes && _count > 1))
        {
            _bytes -= _items[_start].Object.Json.Length;
            _items[_start] = null!;
            _start = Slot(1);
            _count--;
            After++;
        }
    }

    /// <summary>Events after a revision that the ring covers.</summary>
    public CacheEvent[] Read(long after, int maxCount)
    {
        var skip = (int)(after - After);
        var count = Math.Min(_count - skip, maxCount);
        if (count <= 0)
        {
            return [];
        }

        var result = new CacheEvent[count];
        for (var i = 0; i < count; i++)
        {
            result[i] = _items[Slot(skip + i)];
        }

        return result;
    }

    private int Slot(int index) => (_start + index) & (_items.Length - 1);

    private void Grow()
    {
        var grown = new CacheEvent[_items.Length * 2];
        for (var i = 0; i < _count; i++)
        {
            grown[i] = _items[Slot(i)];
        }

        (_items, _start) = (grown, 0);
    }
}
