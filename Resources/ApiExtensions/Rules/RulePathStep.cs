using System.Text;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>A step of a rule's <c>fieldPath</c>: to a field, or to a value of a map.</summary>
internal readonly record struct RulePathStep(string Name, bool IsKey)
{
    /// <summary>
    /// The steps of <c>.a.b</c> or <c>['a']</c>; null when a schema has no such field or it is no path.
    /// </summary>
    public static IReadOnlyList<RulePathStep>? Parse(string path, JsonSchema schema)
    {
        var steps = new List<RulePathStep>();
        for (var at = 0; at < path.Length;)
        {
            if (ReadName(path, ref at) is not { } name)
            {
                return null;
            }

            JsonSchema? next;
            var isKey = schema.Properties.Count == 0;
            if (isKey)
            {
                next = schema.AdditionalProperties;
            }
            else
            {
                schema.Properties.TryGetValue(name, out next);
            }

            if (next is null)
            {
                return null;
            }

            steps.Add(new RulePathStep(name, isKey));
            schema = next;
        }

        return steps;
    }

    /// <summary>Where the steps lead from a value; upstream joins them by a dot even when the first is a key.</summary>
    /// <param name="path">Where the value is; null for a whole object.</param>
    /// <param name="steps">At least one.</param>
    public static FieldPath Follow(FieldPath? path, IReadOnlyList<RulePathStep> steps)
    {
        var first = steps[0].IsKey ? $"[{steps[0].Name}]" : steps[0].Name;
        return steps.Skip(1).Aggregate(
            FieldPath.Below(path, first),
            static (at, step) => step.IsKey ? at.Key(step.Name) : at.Child(step.Name));
    }

    private static string? ReadName(string path, ref int at)
    {
        if (path[at] == '.')
        {
            var end = path.IndexOfAny(['.', '[', ']'], at + 1);
            end = end < 0 ? path.Length : end;
            var name = path[(at + 1)..end];
            at = end;
            return name.Length > 0 ? name : null;
        }

        return path[at] == '[' ? Quoted(path, ref at) : null;
    }

    private static string? Quoted(string path, ref int at)
    {
        var name = new StringBuilder();
        at++;
        if (at >= path.Length || path[at] != '\'')
        {
            return null;
        }

        for (at++; at < path.Length && path[at] != '\''; at++)
        {
            if (path[at] != '\\')
            {
                name.Append(path[at]);
                continue;
            }

            at++;
            var escape = at < path.Length ? "abfnrtv'\\".IndexOf(path[at], StringComparison.Ordinal) : -1;
            if (escape < 0)
            {
                return null;
            }

            name.Append("\a\b\f\n\r\t\v'\\"[escape]);
        }

        if (at + 1 >= path.Length || path[at + 1] != ']')
        {
            return null;
        }

        at += 2;
        return name.ToString();
    }
}
