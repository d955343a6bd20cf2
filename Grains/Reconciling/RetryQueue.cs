namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Keys that wait to be worked on, each by one worker at a time. What fails comes again after a while that doubles with
/// each failure, unless it is added sooner. What waits is bounded by the number of keys.
/// </summary>
internal sealed class RetryQueue<TKey>(TimeSpan first, TimeSpan longest, TimeProvider time)
    where TKey : notnull
{
    private const int MostDoublings = 30;

    /// <summary>Longest wait, within what timers can: a key that waits longer comes early and asks again.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();

    /// <summary>When each key is due that waits; what <see cref="_order"/> says otherwise is void.</summary>
    private readonly Dictionary<TKey, long> _due = [];
    private readonly PriorityQueue<TKey, long> _order = new();
    private readonly HashSet<TKey> _running = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private TaskCompletionSource _wake = New();

    /// <summary>Asks for work on a key as soon as there is a worker.</summary>
    public void Add(TKey key) => Add(key, TimeSpan.Zero);

    /// <summary>Asks for work on a key after a while; a sooner time than the known one counts.</summary>
    public void Add(TKey key, TimeSpan after)
    {
        after = after < MaxWait ? after : MaxWait;
        lock (_lock)
        {
            var at = time.GetTimestamp() + (long)(after.TotalSeconds * time.TimestampFrequency);
            if (_due.TryGetValue(key, out var known) && known <= at)
            {
                return;
            }

            _due[key] = at;
            _order.Enqueue(key, at);
            Wake();
        }
    }

    /// <summary>
    /// Works on keys until cancelled. The work says after which time it wants to be repeated, if at all; an exception
    /// means the back-off, and is told to <paramref name="logFailed"/>.
    /// </summary>
    public Task RunAsync(
        int workers,
        Func<TKey, CancellationToken, Task<TimeSpan?>> work,
        Action<TKey, Exception> logFailed,
        CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(work, logFailed, cancellationToken)));

    /// <summary>How long a key waits after so many failures in a row.</summary>
    internal TimeSpan BackOff(int failures)
    {
        var delay = first.Ticks * Math.Pow(2, Math.Min(failures - 1, MostDoublings));
        return delay < longest.Ticks ? TimeSpan.FromTicks((long)delay) : longest;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WorkAsync(
        Func<TKey, CancellationToken, Task<TimeSpan?>> work,
        Action<TKey, Exception> logFailed,
        CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var (hasKey, key, wait, wake) = Take();
            if (!hasKey)
            {
                await WaitAsync(wake, wait, cancellationToken);
                continue;
            }

            TimeSpan? again = null;
            try
            {
                again = await work(key, cancellationToken);
                Settle(key, isGood: true);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Who runs the queue next finds it waiting.
                Settle(key, isGood: true);
                Add(key);
                throw;
            }
            catch (Exception error)
            {
                logFailed(key, error);
                again = BackOff(Settle(key, isGood: false));
            }

            if (again is { } after)
            {
                Add(key, after);
            }
        }
    }

    /// <summary>A key that is due and not being worked on, or how long to wait for one.</summary>
    private (bool HasKey, TKey Key, TimeSpan? Wait, Task Wake) Take()
    {
        lock (_lock)
        {
            List<(TKey, long)>? busy = null;
            TimeSpan? wait = null;
            (bool, TKey) found = default;
            while (_order.TryPeek(out var key, out var at))
            {
                if (!_due.TryGetValue(key, out var due) || due != at)
                {
                    _order.Dequeue();
                    continue;
                }

                var now = time.GetTimestamp();
                if (at > now)
                {
                    wait = time.GetElapsedTime(now, at);
                    break;
                }

                _order.Dequeue();
                if (!_running.Contains(key))
                {
                    _due.Remove(key);
                    _running.Add(key);
                    found = (true, key);
                    break;
                }

                (busy ??= []).Add((key, at));
            }

            busy?.ForEach(b => _order.Enqueue(b.Item1, b.Item2));
            return (found.Item1, found.Item2, wait, _wake.Task);
        }
    }

    private int Settle(TKey key, bool isGood)
    {
        lock (_lock)
        {
            _running.Remove(key);
            _failures[key] = isGood ? 0 : _failures.GetValueOrDefault(key) + 1;
            var failures = _failures[key];
            if (isGood)
            {
                _failures.Remove(key);
            }

            Wake();
            return failures;
        }
    }

    private void Wake()
    {
        var wake = _wake;
        _wake = New();
        wake.SetResult();
    }

    private async Task WaitAsync(Task wake, TimeSpan? delay, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(wake, Task.Delay(delay ?? Timeout.InfiniteTimeSpan, time, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
