namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>A priority level at one moment, for dumps and metrics.</summary>
public sealed record QueueSetView
{
    public int Waiting { get; init; }

    public int Executing { get; init; }

    public int SeatsInUse { get; init; }

    public long Dispatched { get; init; }

    /// <summary>All who got no seat, whatever the reason.</summary>
    public long Rejected { get; init; }

    public long TimedOut { get; init; }

    public long Cancelled { get; init; }

    /// <summary>How often progress was set back.</summary>
    public long Epochs { get; init; }

    /// <summary>Seat-seconds that each queue in use has had; the other two are of the last who got seats.</summary>
    public double Progress { get; init; }

    public double LastDispatch { get; init; }

    public double LastStart { get; init; }

    /// <summary>Of all queues in which somebody waited then.</summary>
    public StartBounds LastBounds { get; init; }

    public IReadOnlyList<QueueView> Queues { get; init; } = [];

    public IReadOnlyList<SeatView> Seated { get; init; } = [];
}

/// <summary>One queue.</summary>
public sealed record QueueView
{
    public int Executing { get; init; }

    public int SeatsInUse { get; init; }

    public double NextStart { get; init; }

    public double Work { get; init; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<SeatView> Waiting { get; init; } = [];
}

/// <summary>One request.</summary>
/// <param name="Request">Who asks for how many seats.</param>
/// <param name="Queue">Of which queue; -1 for none.</param>
/// <param name="Arrived">When it came.</param>
/// <param name="Started">When it got its seats; null while it waits.</param>
public sealed record SeatView(SeatRequest Request, int Queue, DateTimeOffset Arrived, DateTimeOffset? Started);
