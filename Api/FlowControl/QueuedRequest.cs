namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>What became of a request that asked for seats.</summary>
public enum SeatVerdict
{
    /// <summary>It has its seats until it gives them back.</summary>
    Seated,

    /// <summary>It waits in a queue.</summary>
    Queued,

    /// <summary>All seats of the level are taken, and it has no queues.</summary>
    NoSeat,

    /// <summary>As many wait in its queue as may.</summary>
    QueueFull,

    /// <summary>It has waited as long as it may.</summary>
    TimedOut,

    /// <summary>Its client has gone.</summary>
    Cancelled,
}

/// <summary>A request that waits for its seats.</summary>
public sealed class QueuedRequest
{
    private readonly FairQueueSet _set;
    private readonly TaskCompletionSource<SeatVerdict> _outcome = new(
        TaskCreationOptions.RunContinuationsAsynchronously);

    internal QueuedRequest(FairQueueSet set, FairQueue queue, in SeatRequest request, double arrivedAt, long arrived)
    {
        (_set, Queue, Request, ArrivedAt, Arrived) = (set, queue, request, arrivedAt, arrived);
        Node = new LinkedListNode<QueuedRequest>(this);
    }

    /// <summary><see cref="SeatVerdict.Seated"/>, or why it waits no more.</summary>
    public Task<SeatVerdict> Outcome => _outcome.Task;

    /// <summary>Its seats, when it has them.</summary>
    public int Slot { get; private set; } = -1;

    /// <summary>How many waited in its queue when it had come, itself among them.</summary>
    internal int Position { get; set; }

    internal FairQueue Queue { get; }

    internal SeatRequest Request { get; }

    internal SeatEstimate Estimate => Request.Estimate;

    /// <summary>Progress of the level when it came.</summary>
    internal double ArrivedAt { get; set; }

    /// <summary>Time stamp of then.</summary>
    internal long Arrived { get; }

    internal LinkedListNode<QueuedRequest> Node { get; }

    /// <summary>Ends the wait. A request that has its seats already keeps them.</summary>
    /// <param name="why"><see cref="SeatVerdict.TimedOut"/> or <see cref="SeatVerdict.Cancelled"/>.</param>
    public void Abandon(SeatVerdict why)
    {
        if (_set.TryRemove(this, why))
        {
            _outcome.TrySetResult(why);
        }
    }

    /// <summary>Its seats are there; its continuation runs elsewhere, so that the level's lock may be held.</summary>
    internal void Seat(int slot)
    {
        Slot = slot;
        _outcome.TrySetResult(SeatVerdict.Seated);
    }
}
