namespace OrleansOrchestrator.Api.Kernel;

/// <summary>What several want at once is done once, for all of them.</summary>
/// <typeparam name="TKey">What is wanted.</typeparam>
/// <typeparam name="T">What comes of it.</typeparam>
/// <param name="mayStart">Whether one more may begin beside so many that are under way.</param>
public sealed class SingleFlight<TKey, T>(Func<int, bool> mayStart)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Task<T>> _flights = [];

    /// <summary>What is under way for a key, or begins now; null when no more may begin.</summary>
    public Task<T>? Join(TKey key, Func<Task<T>> run)
    {
        lock (_lock)
        {
            return _flights.TryGetValue(key, out var flight) ? flight
                : mayStart(_flights.Count) ? _flights[key] = RunAsync(key, run)
                : null;
        }
    }

    private async Task<T> RunAsync(TKey key, Func<Task<T>> run)
    {
        // Whoever starts it holds the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await run();
        }
        finally
        {
            lock (_lock)
            {
                _flights.Remove(key);
            }
        }
    }
}
