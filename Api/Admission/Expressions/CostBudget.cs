using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>What the expressions of one policy may cost together; time and memory are bounded by it.</summary>
/// <param name="limit">In upstream's units.</param>
internal sealed class CostBudget(ulong limit)
{
    /// <summary>For what a policy computes about one write.</summary>
    public const ulong OfPolicy = 10_000_000;

    /// <summary>For the conditions of a policy or a webhook.</summary>
    public const ulong OfConditions = 2_500_000;

    /// <summary>How what upstream says of a budget that is used up begins.</summary>
    public const string OutOfBudget = "validation failed due to running out of cost budget";

    /// <summary>What upstream says of it.</summary>
    public const string UsedUp = $"{OutOfBudget}, no further validation rules will be run";

    private ulong _left = limit;

    /// <summary>More was spent than there was.</summary>
    public bool IsUsedUp { get; private set; }

    /// <summary>Evaluates a program, as far as the budget goes.</summary>
    public CelValue Run(CelProgram program, CelActivation activation)
    {
        var (value, cost) = program.Evaluate(activation, Math.Min(_left, CelProgram.PerCallLimit));
        IsUsedUp |= cost > _left;
        _left -= Math.Min(cost, _left);
        return value;
    }
}
