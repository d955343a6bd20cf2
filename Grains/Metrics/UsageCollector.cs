using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>
/// The collector's work: a round in each slot, then what the history needs. Rounds that the history does not take wait,
/// so many of them; the oldest is given up for a new one.
/// </summary>
internal sealed partial class UsageCollector(
    IUsageSource source, IUsageStore store, TimeProvider time, ILogger<UsageCollector> logger,
    IEnumerable<IUsagePush>? pushes = null)
{
    /// <summary>Ten minutes without a database.</summary>
    public const int MaxWaiting = 40;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(UsageRound.PeriodSeconds);

    private readonly Lock _lock = new();
    private readonly IUsagePush[] _pushes = [.. pushes ?? []];
    private readonly UsageRates _rates = new();
    private readonly Queue<(long Slot, IReadOnlyList<UsageLine> Lines)> _waiting = new();
    private UsageRound? _newest;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The newest round if it is another than a given one, else the next.</summary>
    public async Task<UsageRound> NextAsync(long afterSlot, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (_lock)
            {
                if (_newest is not null && _newest.Slot != afterSlot)
                {
                    return _newest;
                }

                next = _next.Task;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Goes on until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var slot = SlotOf(time.GetUtcNow()) + 1;
                var left = DateTimeOffset.FromUnixTimeSeconds(slot * UsageRound.PeriodSeconds) - time.GetUtcNow();
                await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
                await RoundAsync(slot, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(failure.Message);
            }
        }
    }

    private static long SlotOf(DateTimeOffset now) => now.ToUnixTimeSeconds() / (long)Period.TotalSeconds;

    private async Task RoundAsync(long slot, CancellationToken cancellationToken)
    {
        var round = await source.AskAsync(slot, cancellationToken);
        TaskCompletionSource next;
        lock (_lock)
        {
            (_newest, next, _next) = (
                round, _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        next.SetResult();
        foreach (var push in _pushes)
        {
            push.Offer(round);
        }

        Keep(slot, _rates.Next(round));
        await StoreAsync(cancellationToken);
    }

    private void Keep(long slot, IReadOnlyList<UsageLine> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        if (_waiting.Count == MaxWaiting)
        {
            LogGivenUp(_waiting.Dequeue().Slot);
        }

        _waiting.Enqueue((slot, lines));
    }

    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        while (_waiting.TryPeek(out var round))
        {
            await store.WriteAsync(round.Slot, round.Lines, cancellationToken);
            _waiting.Dequeue();
        }

        await store.MaintainAsync(time.GetUtcNow(), cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "a round of metrics failed: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "the history of metrics takes nothing; the round of slot {Slot} is lost")]
    private partial void LogGivenUp(long slot);
}
