using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>The history of clusters that keep nothing: the last rounds, within bounds.</summary>
internal sealed class MemoryUsageStore : IUsageStore
{
    /// <summary>An hour.</summary>
    private const int MaxRounds = 240;

    /// <summary>Of all rounds together, some 50 MB.</summary>
    private const int MaxLines = 200_000;

    private readonly Lock _lock = new();
    private readonly Queue<(long Slot, IReadOnlyList<UsageLine> Lines)> _rounds = new();
    private int _lines;

    /// <inheritdoc/>
    public Task WriteAsync(long slot, IReadOnlyList<UsageLine> lines, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_rounds.All(r => r.Slot != slot))
            {
                _rounds.Enqueue((slot, lines));
                _lines += lines.Count;
            }

            while (_rounds.Count > MaxRounds || (_lines > MaxLines && _rounds.Count > 1))
            {
                _lines -= _rounds.Dequeue().Lines.Count;
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task MaintainAsync(DateTimeOffset now, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<UsageHistoryPage> ReadAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        (long Slot, IReadOnlyList<UsageLine> Lines)[] rounds;
        lock (_lock)
        {
            rounds = [.. _rounds];
        }

        var page = new UsagePage(query);
        foreach (var (slot, lines) in rounds)
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(slot * UsageRound.PeriodSeconds);
            foreach (var line in lines.Where(l => page.Wants(l.Whose)))
            {
                page.Add(line.Whose, time, UsageLevel.Rounds.Step, [.. line.Values.Select(static v => new[] { v })]);
            }
        }

        return Task.FromResult(page.Finish());
    }
}
