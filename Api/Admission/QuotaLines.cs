namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Writes that wait for the quotas of their namespaces. Of one namespace one charge is made at a time, for all that
/// have come since the one before: they share a call. A line holds no more than there are writes under way, which are
/// bounded where they come from.
/// </summary>
/// <param name="charge">Answers writes of one namespace.</param>
internal sealed class QuotaLines(Func<string, IReadOnlyList<QuotaWaiter>, Task> charge)
{
    private readonly Lock _lock = new();

    /// <summary>Who waits, for each namespace that a charge is being made for.</summary>
    private readonly Dictionary<string, List<QuotaWaiter>> _waiting = new(StringComparer.Ordinal);

    /// <summary>Has a write charged with others.</summary>
    public void Add(QuotaWaiter write)
    {
        var space = write.Attributes.Key.Namespace;
        lock (_lock)
        {
            if (_waiting.TryGetValue(space, out var line))
            {
                line.Add(write);
                return;
            }

            _waiting[space] = [write];
        }

        _ = RunAsync(space);
    }

    private async Task RunAsync(string space)
    {
        // Whoever comes beside the first is charged with it.
        await Task.Yield();
        while (Take(space) is { } writes)
        {
            var charged = charge(space, writes);
            await charged.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!charged.IsCompletedSuccessfully)
            {
                // A cancelled task has no exception.
                var failure = charged.Exception?.InnerException ?? new TaskCanceledException(charged);
                writes.ForEach(w => w.Fail(failure));
            }
        }
    }

    /// <summary>Null, and nobody runs any more, when nobody waits.</summary>
    private List<QuotaWaiter>? Take(string space)
    {
        lock (_lock)
        {
            var line = _waiting[space];
            if (line.Count == 0)
            {
                _waiting.Remove(space);
                return null;
            }

            _waiting[space] = [];
            return line;
        }
    }
}
