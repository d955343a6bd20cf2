namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// The seats of one priority level and the queues of those who wait for one (upstream's <c>fairqueuing/queueset</c>).
///
/// Fairness is by queue: if all queues were served at once, each would get the same number of seats. How far that has
/// come is the level's progress: seat-seconds that each queue which is in use has had since the start. It grows with
/// time by seats in use (at most the limit) divided by queues in use. In truth requests run one after the other, so
/// each queue remembers at which progress its next request would begin; the one that would end first goes next. When a
/// request turns out to have taken other than was thought, its queue is corrected.
///
/// Invariants: seats in use never exceed the limit, but for one request that alone is wider than it, and for a limit
/// that was lowered; nobody waits in a queue longer than its bound; each request is exactly one of waiting, seated and
/// gone, also when its client goes at the very moment that its seats are found; seats of writes linger until their
/// events are thought to be sent, then they are free by themselves.
///
/// Whoever finds a free seat while nobody waits passes without a queue, and without garbage.
/// </summary>
public sealed partial class FairQueueSet : IDisposable
{
    /// <summary>
    /// Seat-seconds after which progress begins anew: a tenth of a microsecond is still told apart there, and 600 seats
    /// take a day.
    /// </summary>
    internal const double Epoch = 1 << 26;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly List<FairQueue> _queues = [];
    private readonly SeatTable _seated = new();
    private readonly PriorityQueue<(FairQueue? Queue, int Seats), long> _lingering = new();
    private readonly SeatDemand _demand;
    private readonly LevelUse _use;
    private QueueSettings _settings = QueueSettings.Refusing;
    private ITimer? _timer;
    private long _lastTime;
    private double _progress;
    private long _epochs;
    private int _limit;
    private int _robin;
    private int _arrivals;
    private int _activeQueues;
    private int _seatsInUse;
    private int _seatsWaiting;
    private int _waiting;
    private long _dispatched;
    private long _rejected;
    private long _timedOut;
    private long _cancelled;
    private double _lastDispatch;
    private double _lastStart;
    private StartBounds _lastBounds;

    public FairQueueSet(TimeProvider time)
    {
        _time = time;
        _lastTime = time.GetTimestamp();
        _demand = new SeatDemand(Seconds(_lastTime));
        _use = new LevelUse(_lastTime);
    }

    /// <summary>How many seats there are for now.</summary>
    public int Limit => _limit;

    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _waiting == 0 && _seated.Count == 0;
            }
        }
    }

    /// <summary>
    /// Takes other settings or another limit. Who waits goes on waiting, or finds the seats that are new.
    /// </summary>
    /// <param name="settings">How it holds who finds no seat.</param>
    /// <param name="limit">How many seats there are.</param>
    /// <param name="seatsForMetrics">Seats that metrics show its use as a part of while its limit is 0.</param>
    public void Configure(QueueSettings settings, int limit, int seatsForMetrics = 1)
    {
        lock (_lock)
        {
            Synchronize();
            (_settings, _limit) = (settings, limit);
            _use.Resize(limit > 0 ? limit : seatsForMetrics, settings, _lastTime);
            while (_queues.Count < settings.Queues)
            {
                _queues.Add(new FairQueue());
            }

            Trim();
            Dispatch();
        }
    }

    /// <summary>Asks for seats.</summary>
    /// <param name="request">Who asks and for how many.</param>
    /// <param name="hand">The queues that its flow may use; not looked at when there are none.</param>
    /// <param name="slot">The seats, to be given back once, when the verdict is that it is seated.</param>
    /// <param name="queued">Who waits, when the verdict is that it does.</param>
    public SeatVerdict Ask(in SeatRequest request, ReadOnlySpan<int> hand, out int slot, out QueuedRequest? queued)
    {
        (slot, queued) = (-1, null);
        lock (_lock)
        {
            Synchronize();
            if (_settings.Queues < 1)
            {
                return AskWithoutQueues(request, out slot);
            }

            var queue = Choose(hand);
            if (_waiting == 0 && _seatsInUse < _limit && HasRoom(request.Estimate.Seats))
            {
                Wake(queue);
                _lastBounds = StartBounds.None.With(queue);
                slot = Begin(request, queue, _lastTime);
                return SeatVerdict.Seated;
            }

            // Upstream lets a queue grow while seats are free that are too few for who is next; every queue has a
            // bound.
            if (queue.Length >= _settings.LengthLimit)
            {
                request.Flow?.Stats.QueueFull += 1;
                _rejected++;
                return SeatVerdict.QueueFull;
            }

            queued = Enqueue(request, queue);
            Dispatch();
            slot = queued.Slot;
            return slot < 0 ? SeatVerdict.Queued : SeatVerdict.Seated;
        }
    }

    /// <summary>Gives seats back; whoever waits for them runs.</summary>
    /// <returns>How long they were held.</returns>
    public TimeSpan Return(int slot)
    {
        lock (_lock)
        {
            Synchronize();
            var holder = _seated.Take(slot);
            NoteUse();
            var elapsed = _time.GetElapsedTime(holder.Started, _lastTime);
            var estimate = holder.Request.Estimate;
            if (holder.Request.Flow is { } flow)
            {
                flow.Stats.Executing--;
                flow.Stats.ExecutingSeats -= estimate.Seats;
            }

            holder.Queue?.End(estimate, elapsed.TotalSeconds);
            if (holder.Queue is { IsActive: false })
            {
                _activeQueues--;
            }

            if (estimate.Lingering > TimeSpan.Zero)
            {
                _lingering.Enqueue((holder.Queue, estimate.Seats), _lastTime + Ticks(estimate.Lingering));
            }
            else
            {
                Free(holder.Queue, estimate.Seats);
            }

            Dispatch();
            return elapsed;
        }
    }

    /// <summary>How many seats could have been used since the last call.</summary>
    public SeatDemand EndPeriod()
    {
        lock (_lock)
        {
            Synchronize();
            Dispatch();
            _demand.EndPeriod(Seconds(_lastTime));
            return _demand;
        }
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>Takes who waits out of its queue; false when it is there no more.</summary>
    internal bool TryRemove(QueuedRequest request, SeatVerdict why)
    {
        lock (_lock)
        {
            if (request.Node.List is null)
            {
                return false;
            }

            Synchronize();
            Dequeue(request);
            _rejected++;
            if (why == SeatVerdict.TimedOut)
            {
                _timedOut++;
                request.Request.Flow?.Stats.TimedOut += 1;
            }
            else
            {
                _cancelled++;
                request.Request.Flow?.Stats.Cancelled += 1;
            }

            if (!request.Queue.IsActive)
            {
                _activeQueues--;
                Trim();
            }

            // Whoever was too wide for the seats that are free may have stood before others.
            Dispatch();
            return true;
        }
    }

    private SeatVerdict AskWithoutQueues(in SeatRequest request, out int slot)
    {
        if (HasRoom(request.Estimate.Seats))
        {
            slot = Begin(request, null, _lastTime);
            return SeatVerdict.Seated;
        }

        slot = -1;
        _rejected++;
        request.Flow?.Stats.NoSeat += 1;
        return SeatVerdict.NoSeat;
    }

    /// <summary>
    /// The queue of a hand with the least work; hands that overlap do not all begin with the same card.
    /// </summary>
    private FairQueue Choose(ReadOnlySpan<int> hand)
    {
        var offset = (int)((uint)_arrivals++ % (uint)hand.Length);

        // A hand that was dealt for more queues than there are now is as good as another.
        var best = _queues[hand[offset] % _queues.Count];
        for (var i = 1; i < hand.Length && _waiting > 0; i++)
        {
            var queue = _queues[hand[(offset + i) % hand.Length] % _queues.Count];
            best = queue.WaitingWork < best.WaitingWork ? queue : best;
        }

        return best;
    }

    private QueuedRequest Enqueue(in SeatRequest request, FairQueue queue)
    {
        Wake(queue);
        var queued = new QueuedRequest(this, queue, request, _progress, _lastTime);
        queue.Add(queued);
        queued.Position = queue.Length;
        _waiting++;
        _seatsWaiting += request.Estimate.Seats;
        if (request.Flow is { } flow)
        {
            flow.Stats.Waiting++;
            flow.Stats.WaitingSeats += request.Estimate.Seats;
        }

        NoteUse();
        return queued;
    }

    private void Dequeue(QueuedRequest request)
    {
        request.Queue.Remove(request);
        _waiting--;
        _seatsWaiting -= request.Estimate.Seats;
        if (request.Request.Flow is { } flow)
        {
            flow.Stats.Waiting--;
            flow.Stats.WaitingSeats -= request.Estimate.Seats;
        }

        NoteUse();
    }

    private void Wake(FairQueue queue)
    {
        if (!queue.IsActive)
        {
            _activeQueues++;
            queue.Wake(_progress);
        }
        else if (queue.Oldest is null)
        {
            queue.NotBefore(_progress);
        }
    }

    private int Begin(in SeatRequest request, FairQueue? queue, long arrived)
    {
        var fitting = _settings.IsExempt ? request.Estimate : request.Estimate.Within(_limit);
        _dispatched++;
        _seatsInUse += fitting.Seats;
        if (queue is not null)
        {
            (_lastDispatch, _lastStart) = (_progress, queue.NextStart);
            queue.Begin(fitting);
        }

        if (request.Flow is { } flow)
        {
            flow.Stats.Dispatched++;
            flow.Stats.Executing++;
            flow.Stats.ExecutingSeats += fitting.Seats;
        }

        var slot = _seated.Add(new SeatHolder
        {
            Request = request with { Estimate = fitting }, Queue = queue, Arrived = arrived, Started = _lastTime,
        });
        NoteUse();
        return slot;
    }

    private bool HasRoom(int seats) =>
        _settings.IsExempt || _seatsInUse == 0 || _seatsInUse + seats <= _limit;

    /// <summary>Gives seats to those who wait, in the order of fairness, while there are some.</summary>
    private void Dispatch()
    {
        while (_waiting > 0 && _seatsInUse < _limit)
        {
            var (queue, index) = Next();
            var request = queue.Oldest!;
            if (!HasRoom(request.Estimate.Seats))
            {
                // Others do not pass: a wide request would wait for ever.
                request.Request.Flow?.Stats.NoAccommodation += 1;
                break;
            }

            _robin = index;
            Dequeue(request);
            request.Seat(Begin(request.Request, queue, request.Arrived));
        }

        Arm();
    }

    /// <summary>
    /// The queue whose oldest request would be ready first; of equals the one that was served longest ago.
    /// </summary>
    private (FairQueue Queue, int Index) Next()
    {
        var (best, finish) = (-1, double.MaxValue);
        _lastBounds = StartBounds.None;
        for (var i = 1; i <= _queues.Count; i++)
        {
            var index = (_robin + i) % _queues.Count;
            var queue = _queues[index];
            if (queue.Oldest is not { } oldest)
            {
                continue;
            }

            _lastBounds = _lastBounds.With(queue);
            if (queue.NextStart + oldest.Estimate.Work < finish)
            {
                (best, finish) = (index, queue.NextStart + oldest.Estimate.Work);
            }
        }

        return (_queues[best], best);
    }

    private void Free(FairQueue? queue, int seats)
    {
        _seatsInUse -= seats;
        NoteUse();
        if (queue is not null)
        {
            queue.SeatsInUse -= seats;
            Trim();
        }
    }

    private void NoteUse()
    {
        var demand = _seatsInUse + _seatsWaiting;
        _demand.Set(demand, Seconds(_lastTime));
        _use.Demand.Set(demand, _lastTime);
        _use.Seats.Set(_seatsInUse, _lastTime);
        _use.Executing.Set(_seated.Count, _lastTime);
        _use.Waiting.Set(_waiting, _lastTime);
    }

    /// <summary>
    /// Queues that are too many go when nobody uses them: from the end, because hands name them by number.
    /// </summary>
    private void Trim()
    {
        while (_queues.Count > Math.Max(_settings.Queues, 0) && _queues[^1] is { IsActive: false, SeatsInUse: 0 })
        {
            _queues.RemoveAt(_queues.Count - 1);
        }
    }

    /// <summary>Brings progress, and seats that have lingered long enough, to the present.</summary>
    private void Synchronize()
    {
        var now = Math.Max(_time.GetTimestamp(), _lastTime);
        while (_lingering.TryPeek(out var held, out var due) && due <= now)
        {
            _lingering.Dequeue();
            Advance(Math.Max(due, _lastTime));
            Free(held.Queue, held.Seats);
        }

        Advance(now);
    }

    private void Advance(long to)
    {
        if (_activeQueues > 0)
        {
            var seats = Math.Min(_seatsInUse + _seatsWaiting, _limit);
            _progress += (double)seats / _activeQueues * (to - _lastTime) / _time.TimestampFrequency;
        }

        _lastTime = to;
        if (_progress >= Epoch)
        {
            SetBack();
        }
    }

    /// <summary>Only differences of progress count, and small ones are lost beside a large number.</summary>
    private void SetBack()
    {
        var by = Math.Floor(_progress / Epoch) * Epoch;
        _progress -= by;
        _lastDispatch -= by;
        _lastStart -= by;
        _queues.ForEach(q => q.SetBack(by));
        _epochs++;
    }

    /// <summary>Seats that linger are free by themselves; only somebody who waits for them has to be told.</summary>
    private void Arm()
    {
        if (_waiting > 0 && _lingering.TryPeek(out _, out var due))
        {
            _timer ??= _time.CreateTimer(
                static set => ((FairQueueSet)set!).Elapse(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var wait = TimeSpan.FromSeconds((double)(due - _lastTime) / _time.TimestampFrequency);
            _timer.Change(
                wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait, Timeout.InfiniteTimeSpan);
        }
    }

    private void Elapse()
    {
        lock (_lock)
        {
            Synchronize();
            Dispatch();
        }
    }

    private double Seconds(long timestamp) => (double)timestamp / _time.TimestampFrequency;

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
