namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// So many at once, and so many a second after that (upstream's <c>flowcontrol.NewTokenBucketRateLimiter</c>).
/// </summary>
/// <param name="perSecond">How many are added a second.</param>
/// <param name="burst">How many it holds; it is full at first.</param>
/// <param name="time">The clock.</param>
public sealed class TokenBucket(double perSecond, int burst, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _tokens = burst;
    private long _filled = time.GetTimestamp();

    /// <summary>Takes one; false when there is none.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_filled, now).TotalSeconds * perSecond));
            _filled = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
