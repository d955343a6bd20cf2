namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The time during which nobody else can have committed. It begins at an instant before the store was asked whether the
/// epoch is current; a successor takes its epoch after that instant, and waits the whole lease before its first commit.
/// Monotonic clocks only.
/// </summary>
internal sealed class JournalLease(TimeProvider time, JournalOptions options)
{
    private readonly TimeSpan _usable = options.Lease - options.LeaseMargin;
    private long _since = long.MinValue;
    private bool _isOver;

    /// <summary>True while reads are safe.</summary>
    /// <remarks>From any thread.</remarks>
    public bool IsValid =>
        Volatile.Read(ref _since) is not long.MinValue and var since && time.GetElapsedTime(since) < _usable;

    /// <summary>
    /// Extends the lease by a successful check of the fence that was sent at <paramref name="sent"/>; not one that has
    /// ended, for a released epoch is still the current one when its successor need not wait any more.
    /// </summary>
    public void Renew(long sent)
    {
        if (!_isOver)
        {
            Volatile.Write(ref _since, Math.Max(_since, sent));
        }
    }

    /// <summary>For good.</summary>
    public void End()
    {
        _isOver = true;
        Volatile.Write(ref _since, long.MinValue);
    }
}
