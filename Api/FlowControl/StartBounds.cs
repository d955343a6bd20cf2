namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// Where the queues of a level stood when seats were last given: the least and the greatest progress at which the next
/// request of a queue was to begin, and the same less what the queue has at work.
/// </summary>
public readonly record struct StartBounds(double Least, double Greatest, double LeastLess, double GreatestLess)
{
    internal static readonly StartBounds None = new(
        double.PositiveInfinity, double.NegativeInfinity, double.PositiveInfinity, double.NegativeInfinity);

    /// <summary>The same with one more queue.</summary>
    internal StartBounds With(FairQueue queue)
    {
        var start = queue.NextStart;
        var less = start - (queue.SeatsInUse * SeatEstimate.ServiceTime.TotalSeconds);
        return new(
            Math.Min(Least, start), Math.Max(Greatest, start), Math.Min(LeastLess, less), Math.Max(GreatestLess, less));
    }
}
