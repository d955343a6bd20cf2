namespace OrleansOrchestrator.TestKit;

/// <summary>
/// Time that only the test moves. Its ticks are not those of TimeSpan, so code that confuses the two fails. Timers fire
/// on the advancing thread, in order of their due times.
/// </summary>
public sealed class ManualTime : TimeProvider
{
    private const long TicksPerMillisecond = 3_000;

    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _now = TimeSpan.FromDays(1);
    private TaskCompletionSource _armed = New();

    public override long TimestampFrequency => TicksPerMillisecond * 1_000;

    /// <summary>How many timers wait.</summary>
    public int Timers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => _start + _now;

    public override long GetTimestamp() => _now.Ticks * TicksPerMillisecond / TimeSpan.TicksPerMillisecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Returns when something waits for time to pass: advanced before, it would wait for ever.</summary>
    public async Task ArmedAsync()
    {
        while (true)
        {
            Task armed;
            lock (_lock)
            {
                if (_timers.Count > 0)
                {
                    return;
                }

                armed = _armed.Task;
            }

            await armed.WaitAsync(Patiently.Patience);
        }
    }

    /// <summary>Moves time on and fires what becomes due.</summary>
    public void Advance(TimeSpan by)
    {
        var until = _now + by;
        while (TakeDue(until) is { } due)
        {
            due.Fire();
        }

        _now = until;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ManualTimer? TakeDue(TimeSpan until)
    {
        lock (_lock)
        {
            var next = _timers.MinBy(static t => t.DueAt);
            if (next is null || next.DueAt > until)
            {
                return null;
            }

            _now = next.DueAt > _now ? next.DueAt : _now;
            _timers.Remove(next);
            next.Rearm();
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime time, Action fire) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan DueAt { get; private set; }

        public Action Fire => fire;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    DueAt = time._now + dueTime;
                    time._timers.Add(this);
                    time._armed.SetResult();
                    time._armed = New();
                }
            }

            return true;
        }

        public void Rearm()
        {
            if (_period > TimeSpan.Zero)
            {
                DueAt += _period;
                time._timers.Add(this);
            }
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
