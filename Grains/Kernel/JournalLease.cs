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

    /// <summary>True while reads are safe.</summary>
    public bool IsValid => _since != long.MinValue && time.GetElapsedTime(_since) < _usable;

    /// <summary>
    /// Extends the lease by a successful check of the fence that was sent at <paramref name="sent"/>.
    /// </summary>
    public void Renew(long sent) => _since = Math.Max(_since, sent);

    public void End() => _since = long.MinValue;
}
