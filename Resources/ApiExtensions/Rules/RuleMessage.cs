using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>What a rule's message expression gave.</summary>
/// <param name="Text">The message; null when the rule's own is to be used.</param>
/// <param name="Failure">Why no further rule is asked; null while there is budget left.</param>
/// <param name="Cost">What is taken from the budget.</param>
internal readonly record struct RuleMessage(string? Text, string? Failure, ulong Cost)
{
    /// <summary>The longest text.</summary>
    private const int MaxLength = 5 * 1024;

    /// <param name="rule">It is not kept, and has an expression.</param>
    /// <param name="activation">What variables hold.</param>
    /// <param name="left">What may be spent.</param>
    public static RuleMessage Of(CompiledRule rule, CelActivation activation, ulong left)
    {
        var (result, cost) = rule.MessageProgram!.Evaluate(activation);
        return cost > left
                ? new(
                    null, "messageExpression evaluation failed due to running out of cost budget, no further "
                    + "validation rules will be run", left)
            : result is { IsError: true, AsError.IsFinal: true }
                ? new(
                    null, "no further validation rules will be run due to call cost exceeds limit for "
                    + $"messageExpression: {GoText.Quote(CompiledRule.Read(rule.Json, "messageExpression"))}", cost)
            : new(TextOf(result), null, cost);
    }

    private static string? TextOf(CelValue result)
    {
        if (result.Kind != CelKind.String)
        {
            return null;
        }

        var text = result.AsString.Trim();
        return text.Length > 0 && NameRules.ByteCount(text) <= MaxLength && !text.Contains('\n', StringComparison.Ordinal)
            ? text
            : null;
    }
}
