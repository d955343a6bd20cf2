namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// One queue of a priority level: who waits in it, oldest first, and what it has had. Its level's lock guards it.
/// </summary>
internal sealed class FairQueue
{
    private readonly LinkedList<QueuedRequest> _waiting = new();

    /// <summary>
    /// Progress at which the next request of this queue is to begin, in seat-seconds: the further a queue is, the more
    /// it has had. It may not lie before the arrival of who waits longest, or a queue that was content with little
    /// would save up what it did not use, and then go before all others for as long.
    /// </summary>
    public double NextStart { get; private set; }

    public int Length => _waiting.Count;

    public int Executing { get; private set; }

    /// <summary>Of requests that run, and of the consequences of those that have ended.</summary>
    public int SeatsInUse { get; set; }

    /// <summary>Seat-seconds of all who wait.</summary>
    public double WaitingWork { get; private set; }

    /// <summary>Somebody waits or runs: the queue takes part in the division of seats.</summary>
    public bool IsActive => Executing > 0 || Length > 0;

    public QueuedRequest? Oldest => _waiting.First?.Value;

    public IEnumerable<QueuedRequest> Waiting => _waiting;

    public void Add(QueuedRequest request)
    {
        _waiting.AddLast(request.Node);
        WaitingWork += request.Estimate.Work;
        Bound();
    }

    public void Remove(QueuedRequest request)
    {
        _waiting.Remove(request.Node);
        WaitingWork = _waiting.Count == 0 ? 0 : WaitingWork - request.Estimate.Work;
        Bound();
    }

    /// <summary>What was idle begins where all others are.</summary>
    public void Wake(double progress) => NextStart = progress;

    /// <summary>What it did not use, while nobody waited in it, is lost.</summary>
    public void NotBefore(double progress) => NextStart = Math.Max(NextStart, progress);

    /// <summary>The progress of the level is set back by so much.</summary>
    public void SetBack(double by)
    {
        NextStart -= by;
        foreach (var request in _waiting)
        {
            request.ArrivedAt -= by;
        }
    }

    /// <summary>A request of this queue, which waits no more, begins to run.</summary>
    public void Begin(in SeatEstimate estimate)
    {
        Executing++;
        SeatsInUse += estimate.Seats;
        NextStart += estimate.Work;
        Bound();
    }

    /// <summary>One has run; what it took longer or shorter than was thought is made up for.</summary>
    public void End(in SeatEstimate estimate, double seconds)
    {
        Executing--;
        NextStart += estimate.Initial * (seconds - SeatEstimate.ServiceTime.TotalSeconds);
        Bound();
    }

    private void Bound()
    {
        if (Oldest is { } oldest)
        {
            NotBefore(oldest.ArrivedAt);
        }
    }
}
