using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// The paths of additional printer columns, in kubectl's language: <c>.a.b</c>, <c>['a']</c>, <c>[0]</c>,
/// <c>[1:3]</c>, <c>[0,2]</c>, <c>[*]</c>, <c>..a</c>, and filters such as <c>[?(@.type=="Ready")]</c>. Whoever may
/// write a definition writes them, and everybody's lists follow them: what one look may cost is bounded. A step that
/// meets what it cannot do (an index that is not there, an element that has not what a filter compares) ends the look,
/// which has then found nothing.
/// </summary>
public sealed class JsonPath
{
    /// <summary>How many values one look may come by; beyond that it finds nothing.</summary>
    private const int MaxVisited = 100_000;

    private readonly IReadOnlyList<Step> _steps;

    internal JsonPath(IReadOnlyList<Step> steps) => _steps = steps;

    /// <summary>What a step makes of what was found so far; null when it cannot.</summary>
    internal delegate IReadOnlyList<JsonNode?>? Step(IReadOnlyList<JsonNode?> found, Budget budget);

    internal IReadOnlyList<Step> Steps => _steps;

    /// <summary>Reads a path; null when it is none.</summary>
    public static JsonPath? Parse(string text) => JsonPathReader.Read(text, out _);

    /// <summary>Why a text is no path, in upstream's words; empty when it is one.</summary>
    public static string Complaint(string text)
    {
        JsonPathReader.Read(text, out var complaint);
        return complaint;
    }

    /// <summary>What the path leads to; JSON's nulls are among it.</summary>
    public IReadOnlyList<JsonNode?> Find(JsonNode? root) => Follow([root], new Budget(MaxVisited)) ?? [];

    internal static Step Literal(JsonValue value, bool isOfEach) =>
        (found, _) => isOfEach ? [.. found.Select(_ => value)] : [value];

    internal static Step Field(string name) => (found, _) =>
    [
        .. from item in found.OfType<JsonObject>()
           where item.ContainsKey(name)
           select item[name],
    ];

    internal static Step Wildcard { get; } = static (found, budget) =>
    {
        var result = new List<JsonNode?>();
        foreach (var item in found)
        {
            // Before they are held: one list may have been found many times.
            var children = Children(item);
            if (!budget.Spend(children.Count))
            {
                return null;
            }

            result.AddRange(children);
        }

        return result;
    };

    /// <summary>What has something in it, each before what is in it; texts too.</summary>
    internal static IReadOnlyList<JsonNode?>? Recursive(IReadOnlyList<JsonNode?> found, Budget budget)
    {
        var result = new List<JsonNode?>();
        var pending = new Stack<JsonNode?>(found.Reverse());
        while (pending.TryPop(out var next))
        {
            var children = Children(next);
            if (children.Count == 0 && !(next?.GetValueKind() == JsonValueKind.String && next.GetValue<string>() != ""))
            {
                continue;
            }

            if (!budget.Spend(1 + children.Count))
            {
                return null;
            }

            result.Add(next);
            foreach (var child in children.Reverse())
            {
                pending.Push(child);
            }
        }

        return result;
    }

    /// <summary>Elements of lists.</summary>
    internal static Step Slice(SliceBounds bounds) => (found, budget) =>
    {
        var result = new List<JsonNode?>();
        foreach (var item in found.Where(static f => f is not null))
        {
            if (item is not JsonArray list || bounds.Of(list.Count) is not var (first, end, step))
            {
                return null;
            }

            for (var i = first; i < end; i += step)
            {
                if (!budget.Spend(1))
                {
                    return null;
                }

                result.Add(list[i]);
            }
        }

        return result;
    };

    internal static Step Union(IReadOnlyList<JsonPath> parts) => (found, budget) =>
    {
        var result = new List<JsonNode?>();
        foreach (var part in parts)
        {
            if (part.Follow(found, budget) is not { } more)
            {
                return null;
            }

            result.AddRange(more);
        }

        return result;
    };

    /// <summary>Elements that have something.</summary>
    internal static Step Having(JsonPath wanted) => Filter(
        (item, budget) => wanted.Follow([item], budget) is { Count: > 0 });

    /// <summary>Elements of which a comparison holds; it must be one of single values of one type.</summary>
    internal static Step Comparing(JsonPath left, string sign, JsonPath right) => Filter(
        (item, budget) => left.Follow([item], budget) is [{ } a] && right.Follow([item], budget) is [{ } b]
            ? JsonComparison.Holds(a, sign, b)
            : null);

    private static Step Filter(Func<JsonNode?, Budget, bool?> holds) => (found, budget) =>
    {
        var result = new List<JsonNode?>();
        foreach (var item in found)
        {
            if (item is not JsonArray list)
            {
                return null;
            }

            foreach (var element in list)
            {
                if (!budget.Spend(1) || holds(element, budget) is not { } isMeant)
                {
                    return null;
                }

                if (isMeant)
                {
                    result.Add(element);
                }
            }
        }

        return result;
    };

    private IReadOnlyList<JsonNode?>? Follow(IReadOnlyList<JsonNode?> found, Budget budget)
    {
        foreach (var step in _steps)
        {
            if (step(found, budget) is not { } next || !budget.Spend(next.Count))
            {
                return null;
            }

            found = next;
        }

        return found;
    }

    private static IReadOnlyList<JsonNode?> Children(JsonNode? node) => node switch
    {
        JsonObject map => [.. map.Select(static p => p.Value)],
        JsonArray list => [.. list],
        _ => [],
    };

    /// <summary>How many values may still be come by.</summary>
    internal sealed class Budget(int left)
    {
        private int _left = left;

        public bool Spend(int count) => (_left -= Math.Min(count, _left + 1)) >= 0;
    }
}
