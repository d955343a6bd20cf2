using OrleansOrchestrator.Cel.Patterns;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Checking;

/// <summary>
/// Finds literals that would fail whenever they are evaluated: durations, timestamps, regular expressions.
/// </summary>
internal static class LiteralRules
{
    public static void Check(Expr root, Issues issues)
    {
        foreach (var call in ExprWalk.All(root).OfType<CallExpr>())
        {
            var text = call switch
            {
                { Function: "duration" or "timestamp", Target: null, Arguments: [ConstExpr literal] } => literal,
                { Function: "matches", Target: not null, Arguments: [ConstExpr literal] } => literal,
                { Function: "matches", Target: null, Arguments: [_, ConstExpr literal] } => literal,
                _ => null,
            };
            if (text?.Value is { Kind: CelKind.String, AsString: var written } && !IsValid(call.Function, written))
            {
                issues.Add(text.Position, $"invalid {call.Function} argument");
            }
        }
    }

    private static bool IsValid(string function, string text) => function switch
    {
        "duration" => CelDurations.TryParse(text, out _),
        "timestamp" => CelTimestamp.TryParse(text, out _),
        _ => Re2.Find(text, out _) is not null,
    };
}
