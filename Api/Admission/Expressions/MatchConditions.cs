using k8s.Models;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>The conditions under which a policy or a webhook is asked: all must hold.</summary>
internal sealed class MatchConditions
{
    private readonly AdmissionExpression[] _all;

    private MatchConditions(AdmissionExpression[] all) => _all = all;

    /// <summary>There are none: whatever it is, it is asked.</summary>
    public bool IsEmpty => _all.Length == 0;

    public static MatchConditions Of(IEnumerable<V1MatchCondition>? conditions, PolicyCompiler compiler) =>
        new([.. (conditions ?? []).Select(c => compiler.Condition(c.Expression))]);

    /// <summary>Whether all hold. One that does not settles it; else an error is one of them all.</summary>
    public ConditionsResult Match(CelActivation activation, TimeProvider time)
    {
        var start = time.GetTimestamp();
        return Match(activation) with { Elapsed = time.GetElapsedTime(start) };
    }

    private ConditionsResult Match(CelActivation activation)
    {
        var budget = new CostBudget(CostBudget.OfConditions);
        var runner = new ExpressionRunner(activation, budget);
        List<string>? errors = null;
        foreach (var condition in _all)
        {
            var (value, error) = runner.Run(condition);
            if (budget.IsUsedUp)
            {
                return new(false, CostBudget.UsedUp);
            }

            if (error is not null)
            {
                (errors ??= []).Add(error);
            }
            else if (!value.IsTrue)
            {
                return new(false, null, errors?.Count ?? 0);
            }
        }

        return errors is null ? new(true) : new(false, GoErrors.Join(errors), errors.Count);
    }
}
