using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>What an expression gave.</summary>
/// <param name="Value">Without meaning when there is an error.</param>
/// <param name="Error">Why it gave nothing, in upstream's words; null when it did.</param>
internal readonly record struct ExpressionResult(CelValue Value, string? Error);

/// <summary>Evaluates expressions about one write.</summary>
/// <param name="activation">What they read.</param>
/// <param name="budget">What they may cost.</param>
internal readonly struct ExpressionRunner(CelActivation activation, CostBudget budget)
{
    /// <summary>Evaluates one; afterwards the budget may be used up, and nothing counts any more.</summary>
    public ExpressionResult Run(AdmissionExpression expression)
    {
        if (expression.Program is not { } program)
        {
            return new(default, $"compilation error: {expression.Complaint}");
        }

        var value = budget.Run(program, activation);
        return value.IsError
            ? new(default, $"expression '{expression.Text}' resulted in error: {value.AsError.Message}")
            : new(value, null);
    }
}
