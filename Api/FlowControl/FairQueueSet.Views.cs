namespace OrleansOrchestrator.Api.FlowControl;

/// <content>What is shown of it.</content>
public sealed partial class FairQueueSet
{
    /// <summary>What the level looks like now.</summary>
    public QueueSetView View()
    {
        lock (_lock)
        {
            Synchronize();
            Dispatch();
            return new QueueSetView
            {
                Waiting = _waiting, Executing = _seated.Count, SeatsInUse = _seatsInUse, Dispatched = _dispatched,
                Rejected = _rejected, TimedOut = _timedOut, Cancelled = _cancelled, Progress = _progress,
                LastDispatch = _lastDispatch, LastStart = _lastStart, LastBounds = _lastBounds, Epochs = _epochs,
                Queues = [.. _queues.Select(View)],
                Seated = [.. _seated.All().Select(s => View(s.Request, s.Queue, s.Arrived, s.Started))],
            };
        }
    }

    /// <summary>How much of something was in use, for how long.</summary>
    internal (double Sum, long[] Cumulative) Read(Func<LevelUse, TimedRatio> part)
    {
        lock (_lock)
        {
            Synchronize();
            return part(_use).Read(_lastTime, _time.TimestampFrequency);
        }
    }

    private QueueView View(FairQueue queue) => new()
    {
        Executing = queue.Executing, SeatsInUse = queue.SeatsInUse, NextStart = queue.NextStart,
        Work = queue.WaitingWork,
        Waiting = [.. queue.Waiting.Select(w => View(w.Request, queue, w.Arrived, null))],
    };

    private SeatView View(in SeatRequest request, FairQueue? queue, long arrived, long? started) => new(
        request, queue is null ? -1 : _queues.IndexOf(queue), Clock(arrived), started is { } at ? Clock(at) : null);

    private DateTimeOffset Clock(long timestamp) =>
        _time.GetUtcNow() - _time.GetElapsedTime(timestamp, Math.Max(timestamp, _time.GetTimestamp()));
}
