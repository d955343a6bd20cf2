using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// The normalisation that recordings define: everything unstable becomes a typed placeholder. Rule numbers are those of
/// their README.
/// </summary>
public sealed partial class GoldenNormalizer(GoldenVariables variables)
{
    private static readonly string[] OwnerFields = ["manager", "operation", "apiVersion", "subresource"];

    private static readonly (Regex Pattern, string Replacement)[] Messages =
    [
        (new Regex(@"(ResourceVersion in precondition: )\d+"), "$1<rv>"),
        (new Regex(@"(ResourceVersion in object meta: )\d+"), "$1<rv>"),
        (new Regex(@"(Too large resource version: \d+, current: )\d+"), "$1<rv>"),
        (new Regex(@"(too old resource version: \d+ \()\d+(\))"), "$1<rv>$2"),
        (new Regex(@"(requested resource version: )\d+"), "$1<rv>"),
        (new Regex(@"(ResourceVersion in record \()\d+(\))"), "$1<rv>$2"),
        (new Regex("in scheme \"[^\"]*\""), "in scheme \"<scheme>\""),
        (new Regex("(Invalid value: )\"\\{\\\\\"apiVersion\\\\\":.*\\}\"", RegexOptions.Singleline), "$1\"<object>\""),
    ];

    /// <summary>Normalises a JSON value found under a key.</summary>
    public JsonNode? Normalize(JsonNode? node, string key = "") => node switch
    {
        JsonObject map => Map(map),
        JsonArray list => new JsonArray([.. list.Select(i => Normalize(i, key))]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Text((string)value!, key),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => Number(value, key),
        _ => node?.DeepClone(),
    };

    /// <summary>Entries of managedFields come by age, which depends on the clock.</summary>
    private static JsonArray Sorted(JsonArray entries) => new(
    [
        .. entries.OrderBy(
                e => string.Join('\n', OwnerFields.Select(f => (string?)e?[f] ?? "")), StringComparer.Ordinal)
            .Select(e => e?.DeepClone()),
    ]);

    /// <summary>Rules 3 to 10, for any string.</summary>
    public string Text(string text)
    {
        foreach (var (name, value) in variables.All)
        {
            if (Uuid().Match(value) is { Success: true } match && match.Length == value.Length)
            {
                text = text.Replace(value, $"<uid:{name}>", StringComparison.Ordinal);
            }
            else if (name.StartsWith("gen", StringComparison.Ordinal) && value.Length >= 6)
            {
                text = text.Replace(value, $"<name:{name}>", StringComparison.Ordinal);
            }
        }

        text = Uuid().Replace(text, "<uid>");
        text = Time().Replace(text, m => m.Groups[2].Success ? "<microtime>" : "<time>");
        text = Token().Replace(text, "<token>");
        text = AccessVolume().Replace(text, "<generated:kube-api-access->");
        text = ServiceIp().Replace(text, m => IsLiteral(m.Value) ? m.Value : "<ip>");
        return Message(Hash().Replace(text, "hash=<hash>"));
    }

    /// <summary>Rule 10: revisions, and what else is unstable, in messages.</summary>
    internal static string Message(string text)
    {
        foreach (var (pattern, replacement) in Messages)
        {
            text = pattern.Replace(text, replacement);
        }

        return text;
    }

    private JsonNode Text(string text, string key)
    {
        if (key == "resourceVersion" && text.Length > 0 && text != "0" && text.All(char.IsAsciiDigit))
        {
            var known = variables.All.FirstOrDefault(
                v => v.Name.StartsWith("rv", StringComparison.Ordinal) && v.Value == text);
            return known.Name is null ? "<rv>" : $"<rv:{known.Name}>";
        }

        return key == "continue" && text.Length > 0 ? "<continue>" : Text(text);
    }

    private JsonNode Number(JsonValue value, string key)
    {
        if (key is "nodePort" or "healthCheckNodePort" && GoldenJson.AsNumber(value) is >= 30000 and <= 32767 and var port &&
            !IsLiteral(port.ToString(CultureInfo.InvariantCulture)))
        {
            return "<nodePort>";
        }

        return value.DeepClone();
    }

    private JsonObject Map(JsonObject map)
    {
        var result = new JsonObject();
        foreach (var (name, value) in map)
        {
            var normal = Normalize(value, name);
            result[Text(name)] = name == "managedFields" && normal is JsonArray entries ? Sorted(entries) : normal;
        }

        if (String(map["generateName"]) is { Length: > 0 } prefix && String(map["name"]) is { } generated &&
            generated.Length == prefix.Length + 5 && generated.StartsWith(prefix, StringComparison.Ordinal) &&
            generated[prefix.Length..].All(c => char.IsAsciiDigit(c) || char.IsAsciiLetterLower(c)) &&
            String(result["name"])?.StartsWith("<name:", StringComparison.Ordinal) != true)
        {
            result["name"] = $"<generated:{prefix}>";
        }

        if (String(map["kind"]) == "Table" && result["rows"] is JsonArray rows)
        {
            NormalizeCells(rows);
        }

        return result;
    }

    private void NormalizeCells(JsonArray rows)
    {
        foreach (var cells in rows.OfType<JsonObject>().Select(r => r["cells"]).OfType<JsonArray>())
        {
            for (var i = 0; i < cells.Count; i++)
            {
                if (String(cells[i]) is { } cell)
                {
                    cells[i] = Age().IsMatch(cell)
                        ? "<age>"
                        : CellPort().Replace(cell, m => IsLiteral(m.Groups[1].Value) ? m.Value : ":<nodePort>/");
                }
            }
        }
    }

    private bool IsLiteral(string text) => variables.Literal.Contains(text, StringComparison.Ordinal);

    private static string? String(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? (string?)value : null;

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\b(20[2-8][0-9])-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")]
    private static partial Regex Time();

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")]
    private static partial Regex Token();

    [GeneratedRegex(@"kube-api-access-[a-z0-9]{5}\b")]
    private static partial Regex AccessVolume();

    [GeneratedRegex(@"(?<![\d.])10\.96\.\d{1,3}\.\d{1,3}(?![\d.])")]
    private static partial Regex ServiceIp();

    [GeneratedRegex(@":(3[0-2]\d{3})/")]
    private static partial Regex CellPort();

    [GeneratedRegex(@"^(\d+[smhdy]){1,2}$")]
    private static partial Regex Age();

    [GeneratedRegex("hash=[0-9A-Fa-f]+")]
    private static partial Regex Hash();
}
