using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Health;

/// <summary>
/// Whether the store has room, as this server's latest writes have found it: the check <c>store-writable</c>. A write
/// that succeeds clears it. Where nobody writes any more, because readiness led the clients elsewhere, the refusal is
/// forgotten after a while, so that somebody tries again.
/// </summary>
public sealed class StoreRoom(TimeProvider time)
{
    /// <summary>Longer than the period at which nodes renew their Leases, the writes that every cluster has.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);

    private volatile bool _isFull;
    private long _refusedAt;

    /// <summary>The store refused a write for want of room.</summary>
    public void Refused()
    {
        Volatile.Write(ref _refusedAt, time.GetTimestamp());
        _isFull = true;
    }

    /// <summary>The store took a write. On the path of every write: costs one read of memory.</summary>
    public void Written()
    {
        if (_isFull)
        {
            _isFull = false;
        }
    }

    /// <summary>The check of readiness: a restart would not help, so liveness has none.</summary>
    internal IHealthProbe Probe() => new HealthProbe("store-writable", HealthScope.Ready, _ => new ValueTask<string?>(
        _isFull && time.GetElapsedTime(Volatile.Read(ref _refusedAt)) < Memory
            ? $"{StoreUnavailableException.DiskFull}: nothing can be written until there is room"
            : null));
}
