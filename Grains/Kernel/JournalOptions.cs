namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The bounds of a journal.</summary>
public sealed class JournalOptions
{
    /// <summary>
    /// How long a successor waits before it commits, when its predecessor did not release its epoch: the predecessor's
    /// reads end within this time after its last check of the fence. Short, because renewing costs nothing while writes
    /// go on, and failover waits for it.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A holder stops this much earlier: room for clocks that run at different rates, here a generous fifth.
    /// </summary>
    public TimeSpan LeaseMargin { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How long after a promise it is stored, if nobody reads afresh before: what a watch may be behind. A commit costs
    /// about 300 µs of CPU; four a second are 4 µs for each of 300 writes.
    /// </summary>
    public TimeSpan FlushDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    public int MaxBatchWrites { get; set; } = 512;

    public long MaxBatchBytes { get; set; } = 8 << 20;

    /// <summary>Beyond this, writes are refused: several seconds of the fastest store.</summary>
    public int MaxQueuedWrites { get; set; } = 16_384;

    public long MaxQueuedBytes { get; set; } = 64 << 20;

    /// <summary>How many recent changes stay in memory for readers.</summary>
    public int RingChanges { get; set; } = 8_192;

    public long RingBytes { get; set; } = 32 << 20;

    /// <summary>How much one read may carry, which on its way to another silo is one message.</summary>
    public long MaxReadBytes { get; set; } = 4 << 20;
}
