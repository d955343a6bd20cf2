namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// How much of a priority level was in use, and for how long, as upstream's metrics tell it. Its level's lock guards
/// it.
/// </summary>
internal sealed class LevelUse(long now)
{
    public static readonly double[] SeatBounds =
        [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

    public static readonly double[] RequestBounds = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1];

    public static readonly double[] DemandBounds = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6];

    /// <summary>Seats that are taken, of those of the level.</summary>
    public TimedRatio Seats { get; } = new(SeatBounds, now);

    /// <summary>Seats that could be used, of those of the level.</summary>
    public TimedRatio Demand { get; } = new(DemandBounds, now);

    /// <summary>Requests that run, of the seats of the level.</summary>
    public TimedRatio Executing { get; } = new(RequestBounds, now);

    /// <summary>Requests that wait, of the places in the queues of the level.</summary>
    public TimedRatio Waiting { get; } = new(RequestBounds, now);

    /// <summary>From now on the level has so many seats and places.</summary>
    public void Resize(int seats, QueueSettings settings, long now)
    {
        Seats.SetWhole(seats, now);
        Demand.SetWhole(seats, now);
        Executing.SetWhole(seats, now);
        Waiting.SetWhole((double)Math.Max(1, settings.LengthLimit) * Math.Max(1, settings.Queues), now);
    }
}
