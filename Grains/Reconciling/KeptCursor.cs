namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// The cursor of one owner at a time, as <see cref="IChildCursors"/> keep it: written only when it has moved, and
/// forgotten once the owner has gone or is another.
/// </summary>
internal sealed class KeptCursor(IChildCursors cursors)
{
    private string? _owner;

    /// <summary>What is kept; null as long as nobody has looked.</summary>
    private int? _kept;

    /// <summary>
    /// Says whose the cursor is; null for nobody's. True when it was another's before: what was kept of that is gone.
    /// </summary>
    public async ValueTask<bool> BelongToAsync(string? ownerUid, CancellationToken cancellationToken)
    {
        if (_owner == ownerUid)
        {
            return false;
        }

        if (_owner is { } before && _kept is not 0)
        {
            await cursors.ForgetAsync(before, cancellationToken);
        }

        (_owner, _kept) = (ownerUid, null);
        return true;
    }

    /// <summary>Where an owner begins that can have none kept: at 0.</summary>
    public int Begin() => (_kept = 0).Value;

    /// <summary>What is kept of the owner.</summary>
    public async ValueTask<int> LoadAsync(CancellationToken cancellationToken)
    {
        var kept = await cursors.LoadAsync(_owner!, cancellationToken);
        _kept = kept;
        return kept;
    }

    /// <summary>No number below the cursor is given again, by whoever goes on. Lasts when it returns.</summary>
    public async ValueTask SaveAsync(int cursor, CancellationToken cancellationToken)
    {
        if (cursor > _kept.GetValueOrDefault())
        {
            await cursors.SaveAsync(_owner!, cursor, cancellationToken);
            _kept = cursor;
        }
    }
}
