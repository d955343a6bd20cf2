using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// The paths of additional printer columns, in kubectl's language: <c>.a.b</c>, <c>['a']</c>, <c>[0]</c>,
/// <c>[1:3]</c>, <c>[*]</c>, <c>..a</c>, and filters such as <c>[?(@.type=="Ready")]</c>. Whoever may write a
/// definition writes them, and everybody's lists follow them: what one look may cost is bounded, and so is how deep
/// filters are in each other.
/// </summary>
public sealed class JsonPath
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "<", ">"];

    /// <summary>How many values one look may come by; beyond that it finds nothing.</summary>
    private const int MaxVisited = 100_000;

    private const int MaxFilterDepth = 16;

    private readonly List<Step> _steps = [];

    private JsonPath()
    {
    }

    /// <summary>What a step finds from a value, and what may still be spent on that.</summary>
    private delegate IEnumerable<JsonNode?> Step(JsonNode? node, Budget budget);

    /// <summary>Reads a path; null when it is none.</summary>
    public static JsonPath? Parse(string text) => Parse(text, MaxFilterDepth);

    private static JsonPath? Parse(string text, int depth)
    {
        var path = new JsonPath();
        var at = 0;
        while (at < text.Length)
        {
            if (!path.ReadStep(text, ref at, depth))
            {
                return null;
            }
        }

        return path;
    }

    /// <summary>What the path leads to; JSON's nulls are among it.</summary>
    public IReadOnlyList<JsonNode?> Find(JsonNode? root) => Find(root, new Budget(MaxVisited));

    private List<JsonNode?> Find(JsonNode? root, Budget budget)
    {
        List<JsonNode?> found = [root];
        foreach (var step in _steps.TakeWhile(_ => found.Count > 0))
        {
            var next = new List<JsonNode?>();
            foreach (var item in found.SelectMany(node => step(node, budget)))
            {
                if (!budget.Spend())
                {
                    return [];
                }

                next.Add(item);
            }

            found = next;
        }

        return found;
    }

    private bool ReadStep(string text, ref int at, int depth)
    {
        if (text.AsSpan(at).StartsWith(".."))
        {
            at += 2;
            _steps.Add(Descendants);
            return at == text.Length || text[at] == '[' || ReadField(text, ref at);
        }

        if (text[at] == '.')
        {
            at++;
            return at == text.Length || text[at] == '[' || ReadField(text, ref at);
        }

        return text[at] == '[' && ReadBrackets(text, ref at, depth);
    }

    private bool ReadField(string text, ref int at)
    {
        var name = new StringBuilder();
        for (; at < text.Length && text[at] is not ('.' or '['); at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            name.Append(text[at]);
        }

        AddField(name.ToString());
        return name.Length > 0;
    }

    private void AddField(string name) =>
        _steps.Add(name == "*" ? static (node, _) => Children(node) : (node, _) => Field(node, name));

    private bool ReadBrackets(string text, ref int at, int depth)
    {
        var end = FindEnd(text, at);
        if (end < 0)
        {
            return false;
        }

        var inner = text[(at + 1)..end].Trim();
        at = end + 1;
        return inner switch
        {
            "*" => Add(static (node, _) => Children(node)),
            ['\'' or '"', .. var name, '\'' or '"'] => Add((node, _) => Field(node, name)),
            ['?', '(', .. var condition, ')'] => depth > 0 && ReadFilter(condition.Trim(), depth - 1),
            _ => ReadRange(inner),
        };
    }

    private bool Add(Step step)
    {
        _steps.Add(step);
        return true;
    }

    private bool ReadRange(string inner)
    {
        var parts = inner.Split(':').Select(static p => p.Length == 0 ? (int?)null
            : int.TryParse(p, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n
            : int.MinValue).ToArray();
        return parts.Length <= 3 && !parts.Contains(int.MinValue) && Add((node, _) => Slice(node, parts));
    }

    private bool ReadFilter(string condition, int depth)
    {
        var sign = Operators.Where(o => condition.Contains(o, StringComparison.Ordinal))
            .OrderBy(o => condition.IndexOf(o, StringComparison.Ordinal)).ThenByDescending(o => o.Length)
            .FirstOrDefault();
        var at = sign is null ? condition.Length : condition.IndexOf(sign, StringComparison.Ordinal);
        var left = Operand(condition[..at], depth);
        if (left is null || sign is null)
        {
            return left is not null
                && Add((node, budget) => Children(node).Where(item => budget.Spend() && left(item, budget).Any()));
        }

        return Operand(condition[(at + sign.Length)..], depth) is { } right
            && Add((node, budget) => Children(node).Where(item =>
                budget.Spend() && left(item, budget).FirstOrDefault() is { } a
                && right(item, budget).FirstOrDefault() is { } b && Holds(a, sign, b)));
    }

    /// <summary>A side of a comparison: a path from the element, or a literal.</summary>
    private static Step? Operand(string text, int depth)
    {
        text = text.Trim();
        if (text.StartsWith('@'))
        {
            return Parse(text[1..], depth) is { } path ? path.Find : null;
        }

        JsonNode? literal = text switch
        {
            ['\'' or '"', .. var inner, '\'' or '"'] => JsonValue.Create(inner),
            "true" or "false" => JsonValue.Create(text == "true"),
            _ when double.TryParse(text, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            _ => null,
        };
        return literal is null ? null : (_, _) => [literal];
    }

    private static bool Holds(JsonNode left, string sign, JsonNode right)
    {
        var order = left is JsonValue a && right is JsonValue b ? Compare(a, b) : null;
        return sign switch
        {
            "==" => order == 0,
            "!=" => order is not null and not 0,
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    /// <summary>Null when they cannot be compared.</summary>
    private static int? Compare(JsonValue left, JsonValue right) =>
        Number(left) is { } a && Number(right) is { } b ? a.CompareTo(b)
        : left.GetValueKind() != right.GetValueKind() ? null
        : string.CompareOrdinal(left.ToString(), right.ToString());

    private static double? Number(JsonValue value) =>
        value.TryGetValue<long>(out var whole) ? whole : value.TryGetValue<double>(out var number) ? number : null;

    private static int FindEnd(string text, int at)
    {
        var quote = '\0';
        var depth = 0;
        for (var i = at; i < text.Length; i++)
        {
            if (quote != '\0')
            {
                quote = text[i] == quote ? '\0' : quote;
                continue;
            }

            switch (text[i])
            {
                case '\'' or '"':
                    quote = text[i];
                    break;
                case '[':
                    depth++;
                    break;
                case ']' when --depth == 0:
                    return i;
            }
        }

        return -1;
    }

    private static IEnumerable<JsonNode?> Field(JsonNode? node, string name) =>
        node is JsonObject map && map.TryGetPropertyValue(name, out var value) ? [value] : [];

    private static IEnumerable<JsonNode?> Children(JsonNode? node) => node switch
    {
        JsonObject map => map.Select(p => p.Value),
        JsonArray list => list,
        _ => [],
    };

    /// <summary>A value and all that is in it, each before what is in it.</summary>
    private static IEnumerable<JsonNode?> Descendants(JsonNode? node, Budget budget)
    {
        var pending = new Stack<JsonNode?>([node]);
        while (pending.TryPop(out var next))
        {
            yield return next;
            foreach (var child in Children(next).Reverse().TakeWhile(_ => budget.Spend()))
            {
                pending.Push(child);
            }
        }
    }

    private static IEnumerable<JsonNode?> Slice(JsonNode? node, int?[] parts)
    {
        if (node is not JsonArray list)
        {
            return [];
        }

        var first = Place(parts[0] ?? 0, list.Count);
        if (parts.Length == 1)
        {
            return first >= 0 && first < list.Count ? [list[first]] : [];
        }

        var end = Math.Min(Place(parts[1] ?? list.Count, list.Count), list.Count);
        var step = parts.Length == 3 ? Math.Max(parts[2] ?? 1, 1) : 1;
        return list.Skip(Math.Max(first, 0)).Take(Math.Max(end - first, 0)).Where((_, i) => i % step == 0);
    }

    private static int Place(int index, int count) => index < 0 ? count + index : index;

    /// <summary>How many values may still be come by.</summary>
    private sealed class Budget(int left)
    {
        private int _left = left;

        public bool Spend() => --_left >= 0;
    }
}
