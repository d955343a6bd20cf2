using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Evaluation;

/// <summary>One evaluation: what variables hold, what macros have bound, and what it has cost so far.</summary>
internal sealed class Frame(CelActivation activation, int locals, ulong limit)
{
    /// <summary>The limit itself may be reached, not passed.</summary>
    private readonly ulong _limit = limit;

    public CelActivation Activation { get; } = activation;

    public CelValue[] Locals { get; } = locals == 0 ? [] : new CelValue[locals];

    public ulong Cost { get; private set; }

    /// <summary>Whether the limit was passed: then nothing more is evaluated.</summary>
    public bool IsOver => Cost > _limit;

    /// <summary>Counts a cost; false when it is more than the limit lets.</summary>
    public bool Charge(ulong cost)
    {
        Cost = Cost > ulong.MaxValue - cost ? ulong.MaxValue : Cost + cost;
        return Cost <= _limit;
    }
}
