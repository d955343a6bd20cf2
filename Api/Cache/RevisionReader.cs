using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// Asks a journal for its revision on behalf of everyone who reads consistently (P5): one question is in flight, and
/// all who come meanwhile share the next, which begins after they came. Under load that is two questions a round trip,
/// for any number of readers.
/// </summary>
internal sealed class RevisionReader(Func<Task<long>> ask)
{
    private readonly Lock _lock = new();
    private Task<long>? _inFlight;
    private Task<long>? _next;

    public Task<long> ReadAsync()
    {
        lock (_lock)
        {
            if (_inFlight is null)
            {
                _inFlight = AskAsync();
                return _inFlight;
            }

            return _next ??= AskAfterAsync(_inFlight);
        }
    }

    private async Task<long> AskAsync()
    {
        // The question leaves the lock before it is asked, and completes only after it has been stored as the one in
        // flight. It is everybody's: it waits for no turn of the grain, or whatever else, that happens to ask first.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await ask();
        }
        finally
        {
            lock (_lock)
            {
                (_inFlight, _next) = (_next, null);
            }
        }
    }

    private async Task<long> AskAfterAsync(Task<long> before)
    {
        await ((Task)before).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await ask();
        }
        finally
        {
            lock (_lock)
            {
                (_inFlight, _next) = (_next, null);
            }
        }
    }
}
