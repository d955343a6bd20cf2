using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden;

/// <summary>Paths into JSON, and comparison with a short account of the differences.</summary>
public static class GoldenJson
{
    public static readonly JsonSerializerOptions Relaxed =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The steps of <c>$.a.b[0].c[*]["x.y"]</c>.</summary>
    public static List<string> ParsePath(string path)
    {
        var steps = new List<string>();
        var at = 1;
        while (at < path.Length)
        {
            if (path[at] == '.')
            {
                var end = path.AsSpan(at + 1).IndexOfAny('.', '[');
                end = end < 0 ? path.Length : at + 1 + end;
                steps.Add(path[(at + 1)..end]);
                at = end;
            }
            else
            {
                var end = path.IndexOf(']', at);
                steps.Add(path[(at + 1)..end].Trim('"', '\''));
                at = end + 1;
            }
        }

        return steps;
    }

    /// <summary>The node at a path; null when there is none.</summary>
    public static JsonNode? Get(JsonNode? document, string path)
    {
        var current = document;
        foreach (var step in ParsePath(path))
        {
            current = current switch
            {
                JsonObject map => map[step],
                JsonArray list when int.TryParse(step, out var index) && index < list.Count => list[index],
                _ => null,
            };
        }

        return current;
    }

    /// <summary>Replaces what is at a path, if anything.</summary>
    public static void Mask(JsonNode? document, ReadOnlySpan<string> steps)
    {
        if (document is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                if (steps[0] != "*" && steps[0] != i.ToString(System.Globalization.CultureInfo.InvariantCulture))
                {
                    continue;
                }

                if (steps.Length == 1)
                {
                    list[i] = "<any>";
                }
                else
                {
                    Mask(list[i], steps[1..]);
                }
            }
        }
        else if (document is JsonObject map)
        {
            foreach (var name in map.Select(p => p.Key).Where(steps[0] == "*" ? _ => true : Is(steps[0])).ToList())
            {
                if (steps.Length == 1)
                {
                    map[name] = "<any>";
                }
                else
                {
                    Mask(map[name], steps[1..]);
                }
            }
        }
    }

    /// <summary>Where two documents differ: path, wanted, got.</summary>
    public static void Diff(JsonNode? wanted, JsonNode? got, string path, List<string> differences)
    {
        switch (wanted, got)
        {
            case (JsonObject left, JsonObject right):
                foreach (var (name, value) in left)
                {
                    if (right.TryGetPropertyValue(name, out var other))
                    {
                        Diff(value, other, $"{path}.{name}", differences);
                    }
                    else
                    {
                        differences.Add($"{path}.{name}: want {Show(value)} got (absent)");
                    }
                }

                differences.AddRange(right.Where(p => !left.ContainsKey(p.Key)).Select(p => $"{path}.{p.Key}: want (absent) got {Show(p.Value)}"));
                break;
            case (JsonArray left, JsonArray right):
                if (left.Count != right.Count)
                {
                    differences.Add($"{path}.length: want {left.Count} got {right.Count}");
                }

                for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
                {
                    Diff(left[i], right[i], $"{path}[{i}]", differences);
                }

                break;
            default:
                if (!AreEqual(wanted, got))
                {
                    differences.Add($"{path}: want {Show(wanted)} got {Show(got)}");
                }

                break;
        }
    }

    /// <summary>The serialisation that recordings sort by: keys sorted, a blank after colon and comma.</summary>
    public static string SortKey(JsonNode? node) => node switch
    {
        JsonObject map =>
            $"{{{string.Join(", ", map.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(SortKey))}}}",
        JsonArray list => $"[{string.Join(", ", list.Select(SortKey))}]",
        null => "null",
        _ => node.ToJsonString(Relaxed),
    };

    private static string SortKey(KeyValuePair<string, JsonNode?> property) =>
        $"{JsonValue.Create(property.Key).ToJsonString(Relaxed)}: {SortKey(property.Value)}";

    private static Func<string, bool> Is(string name) => other => other == name;

    private static bool AreEqual(JsonNode? left, JsonNode? right) =>
        left is JsonValue a && right is JsonValue b && a.GetValueKind() == JsonValueKind.Number && b.GetValueKind() == JsonValueKind.Number
            ? AsNumber(a) == AsNumber(b)
            : JsonNode.DeepEquals(left, right);

    internal static double AsNumber(JsonNode node) =>
        double.Parse(node.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);

    private static string Show(JsonNode? node)
    {
        var text = node?.ToJsonString(Relaxed) ?? "null";
        return text.Length < 400 ? text : text[..397] + "...";
    }
}
