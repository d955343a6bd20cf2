using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// The paths of additional printer columns, in kubectl's language: <c>.a.b</c>, <c>['a']</c>, <c>[0]</c>,
/// <c>[1:3]</c>, <c>[*]</c>, <c>..a</c>, and filters such as <c>[?(@.type=="Ready")]</c>.
/// </summary>
public sealed class JsonPath
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "<", ">"];

    private readonly List<Func<JsonNode?, IEnumerable<JsonNode?>>> _steps = [];

    private JsonPath()
    {
    }

    /// <summary>Reads a path; null when it is none.</summary>
    public static JsonPath? Parse(string text)
    {
        var path = new JsonPath();
        var at = 0;
        while (at < text.Length)
        {
            if (!path.ReadStep(text, ref at))
            {
                return null;
            }
        }

        return path;
    }

    /// <summary>What the path leads to; JSON's nulls are among it.</summary>
    public IEnumerable<JsonNode?> Find(JsonNode? root) =>
        _steps.Aggregate((IEnumerable<JsonNode?>)[root], static (found, step) => found.SelectMany(step));

    private bool ReadStep(string text, ref int at)
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

        return text[at] == '[' && ReadBrackets(text, ref at);
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

    private void AddField(string name) => _steps.Add(name == "*" ? Children : node => Field(node, name));

    private bool ReadBrackets(string text, ref int at)
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
            "*" => Add(Children),
            ['\'' or '"', .. var name, '\'' or '"'] => Add(node => Field(node, name)),
            ['?', '(', .. var condition, ')'] => ReadFilter(condition.Trim()),
            _ => ReadRange(inner),
        };
    }

    private bool Add(Func<JsonNode?, IEnumerable<JsonNode?>> step)
    {
        _steps.Add(step);
        return true;
    }

    private bool ReadRange(string inner)
    {
        var parts = inner.Split(':').Select(static p => p.Length == 0 ? (int?)null
            : int.TryParse(p, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n
            : int.MinValue).ToArray();
        return parts.Length <= 3 && !parts.Contains(int.MinValue) && Add(node => Slice(node, parts));
    }

    private bool ReadFilter(string condition)
    {
        var sign = Operators.Where(o => condition.Contains(o, StringComparison.Ordinal))
            .OrderBy(o => condition.IndexOf(o, StringComparison.Ordinal)).ThenByDescending(o => o.Length)
            .FirstOrDefault();
        var left = Operand(sign is null ? condition : condition[..condition.IndexOf(sign, StringComparison.Ordinal)]);
        var right = sign is null
            ? null
            : Operand(condition[(condition.IndexOf(sign, StringComparison.Ordinal) + sign.Length)..]);
        return left is not null && (sign is null || right is not null) && Add(node => Children(node).Where(item =>
            sign is null
                ? left(item).Any()
                : left(item).FirstOrDefault() is { } a && right!(item).FirstOrDefault() is { } b && Holds(a, sign, b)));
    }

    /// <summary>A side of a comparison: a path from the element, or a literal.</summary>
    private static Func<JsonNode?, IEnumerable<JsonNode?>>? Operand(string text)
    {
        text = text.Trim();
        if (text.StartsWith('@'))
        {
            return Parse(text[1..]) is { } path ? path.Find : null;
        }

        JsonNode? literal = text switch
        {
            ['\'' or '"', .. var inner, '\'' or '"'] => JsonValue.Create(inner),
            "true" or "false" => JsonValue.Create(text == "true"),
            _ when double.TryParse(text, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            _ => null,
        };
        return literal is null ? null : _ => [literal];
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

    private static IEnumerable<JsonNode?> Descendants(JsonNode? node) =>
        Children(node).SelectMany(Descendants).Prepend(node);

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
}
