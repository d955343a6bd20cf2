namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// Who has seats, in slots that are used again, so that taking a seat makes no garbage. Its level's lock guards it.
/// </summary>
internal sealed class SeatTable
{
    private SeatHolder[] _slots = new SeatHolder[16];
    private int _free = -1;
    private int _used;

    public int Count { get; private set; }

    public int Add(in SeatHolder holder)
    {
        var slot = _free;
        if (slot >= 0)
        {
            _free = _slots[slot].NextFree;
        }
        else
        {
            if (_used == _slots.Length)
            {
                Array.Resize(ref _slots, _used * 2);
            }

            slot = _used++;
        }

        _slots[slot] = holder;
        _slots[slot].IsTaken = true;
        Count++;
        return slot;
    }

    public SeatHolder Take(int slot)
    {
        var holder = _slots[slot];
        if (!holder.IsTaken)
        {
            throw new InvalidOperationException($"The seats in slot {slot} have been given back already.");
        }

        _slots[slot] = new SeatHolder { NextFree = _free };
        _free = slot;
        Count--;
        return holder;
    }

    public IEnumerable<SeatHolder> All() => _slots.Take(_used).Where(static s => s.IsTaken);
}
