using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The newest changes of a journal, an unbroken run bounded by number and bytes.</summary>
internal sealed class ChangeRing(int maxChanges, long maxBytes)
{
    private const int FirstCapacity = 64;

    /// <summary>
    /// Circular; the change after <see cref="After"/> is at <see cref="_start"/>. The length is a power of two.
    /// </summary>
    private Change[] _items = new Change[FirstCapacity];
    private int _start;
    private int _count;
    private long _bytes;

    /// <summary>The ring holds every change after this revision, up to the newest.</summary>
    public long After { get; private set; }

    /// <summary>Empties the ring at a revision.</summary>
    public void Reset(long revision)
    {
        Array.Clear(_items);
        (_start, _count, _bytes) = (0, 0, 0);
        After = revision;
    }

    public void Add(Change change)
    {
        Invariant.Check(change.Object.Revision == After + _count + 1, "revisions are dense", change.Object.Revision);
        if (_count == _items.Length)
        {
            Grow();
        }

        _items[Slot(_count++)] = change;
        _bytes += change.Object.Json.Length;
    }

    /// <summary>Removes the oldest change if the ring is over its bounds.</summary>
    public bool TryEvict(out Change evicted)
    {
        if (_count <= maxChanges && (_bytes <= maxBytes || _count <= 1))
        {
            evicted = null!;
            return false;
        }

        evicted = _items[_start];
        _items[_start] = null!;
        _start = Slot(1);
        _count--;
        _bytes -= evicted.Object.Json.Length;
        After++;
        return true;
    }

    /// <summary>Changes after a revision that the ring still covers; at least one if there is one.</summary>
    public Change[] Read(long after, int maxCount, long maxReadBytes)
    {
        Invariant.Check(after >= After && after <= After + _count, "the ring covers the revision", after);
        var skip = (int)(after - After);
        var available = Math.Min(_count - skip, maxCount);
        var (count, bytes) = (0, 0L);
        while (count < available)
        {
            bytes += _items[Slot(skip + count)].Object.Json.Length;
            if (count > 0 && bytes > maxReadBytes)
            {
                break;
            }

            count++;
        }

        var result = count == 0 ? [] : new Change[count];
        for (var i = 0; i < count; i++)
        {
            result[i] = _items[Slot(skip + i)];
        }

        return result;
    }

    private int Slot(int index) => (_start + index) & (_items.Length - 1);

    private void Grow()
    {
        var grown = new Change[_items.Length * 2];
        for (var i = 0; i < _count; i++)
        {
            grown[i] = _items[Slot(i)];
        }

        (_items, _start) = (grown, 0);
    }
}
