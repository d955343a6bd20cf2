using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>
/// Reads a listing of a table of ours (<c>nft -j list table</c>): names of parts, and elements of maps and sets. What a
/// set with flags holds, the kernel has learned or its definition says.
/// </summary>
public static class TableListing
{
    /// <summary>Null when the text is no such listing, or has what we never write: the table is not taken over
    /// then.</summary>
    public static Ruleset? Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var rules = new Ruleset();
            foreach (var item in document.RootElement.GetProperty("nftables").EnumerateArray())
            {
                foreach (var property in item.EnumerateObject())
                {
                    Add(rules, property.Name, property.Value);
                }
            }

            return rules;
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static void Add(Ruleset rules, string kind, JsonElement value)
    {
        if (kind is not ("chain" or "map" or "set"))
        {
            return;
        }

        var part = new Part(
            kind switch { "chain" => PartKind.Chain, "map" => PartKind.Map, _ => PartKind.Set },
                value.GetProperty("name").GetString() ?? throw Unknown(value));
        rules.Parts[part] = "";
        if (value.TryGetProperty("flags", out _) || !value.TryGetProperty("elem", out var elements))
        {
            return;
        }

        foreach (var element in elements.EnumerateArray())
        {
            if (part.Kind == PartKind.Map)
            {
                rules.Elements[(part.Name, Text(element[0]))] = Text(element[1]);
            }
            else
            {
                rules.Elements[(part.Name, Text(element))] = "";
            }
        }
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetInt64().ToString(CultureInfo.InvariantCulture),
        JsonValueKind.Object when value.TryGetProperty("concat", out var parts) =>
            string.Join(" . ", parts.EnumerateArray().Select(Text)),
        JsonValueKind.Object when value.TryGetProperty("goto", out var target) =>
            $"goto {target.GetProperty("target").GetString()}",
        JsonValueKind.Object when value.TryGetProperty("jump", out var target) =>
            $"jump {target.GetProperty("target").GetString()}",
        JsonValueKind.Object when value.TryGetProperty("drop", out _) => "drop",
        _ => throw Unknown(value),
    };

    private static FormatException Unknown(JsonElement value) => new($"not ours: {value}");
}
