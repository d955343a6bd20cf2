using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>
/// The normalisation that the recordings of controllers define: everything unstable becomes a typed placeholder. Rules
/// are those of their README.
/// </summary>
public sealed partial class ControlNormalizer(ControlVariables variables)
{
    private static readonly string[] SortedArrays =
        ["volumes", "endpoints", "addresses", "notReadyAddresses", "taints", "subsets"];

    /// <summary>Which of two reasons there is is a race in the reference.</summary>
    private const string Progressing = "<progressing>";

    private const string LastTrigger = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>Normalises an answer.</summary>
    public JsonNode? Normalize(JsonNode? document) => Normalize(document, "", "");

    private JsonNode? Normalize(JsonNode? node, string key, string kind) => node switch
    {
        JsonObject map => Map(map, key, kind),
        JsonArray list => List(list, key, kind),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Text((string)value!, key),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => Number(value, key),
        _ => node?.DeepClone(),
    };

    private JsonObject Map(JsonObject map, string key, string kind)
    {
        kind = String(map["kind"]) ?? kind;
        var result = new JsonObject();
        foreach (var (name, value) in map)
        {
            if (name != "managedFields" && WithoutAccess(name, value, out var rest))
            {
                result[Text(name)] = Normalize(rest, name, kind);
            }
        }

        if (String(map["type"]) == "Progressing" &&
            String(map["reason"]) is "NewReplicaSetCreated" or "ReplicaSetUpdated")
        {
            result["reason"] = Progressing;
            result["message"] = Progressing;
        }

        if (key == "metadata" && IsOfEndpoints(kind))
        {
            ForgetGeneration(result);
        }

        return result;
    }

    /// <summary>
    /// Takes out the volume of the service account's token and its mounts; false when nothing else was there.
    /// </summary>
    private static bool WithoutAccess(string name, JsonNode? value, out JsonNode? rest)
    {
        rest = value;
        if (name is not ("volumes" or "volumeMounts") || value is not JsonArray list)
        {
            return true;
        }

        var others = list.Where(i => String(i?["name"]) is not { } volume || !AccessVolume().IsMatch(volume)).ToList();
        rest = new JsonArray([.. others.Select(i => i?.DeepClone())]);
        return others.Count > 0 || list.Count == 0;
    }

    private static void ForgetGeneration(JsonObject metadata)
    {
        if (metadata.ContainsKey("generation"))
        {
            metadata["generation"] = "<any>";
        }

        if (metadata["annotations"] is JsonObject annotations
            && annotations.Remove(LastTrigger) && annotations.Count == 0)
        {
            metadata.Remove("annotations");
        }
    }

    private JsonArray List(JsonArray list, string key, string kind)
    {
        var items = list.Select(i => Normalize(i, key, kind)).ToList();
        if (key == "conditions" && items.All(static i => i is JsonObject))
        {
            items = [.. items.OrderBy(static i => i!["type"]?.ToString() ?? "None", StringComparer.Ordinal)
                .ThenBy(GoldenJson.SortKey, StringComparer.Ordinal)];
        }
        else if (SortedArrays.Contains(key) || (key == "ports" && IsOfEndpoints(kind)))
        {
            items = [.. items.OrderBy(GoldenJson.SortKey, StringComparer.Ordinal)];
        }

        return new JsonArray([.. items]);
    }

    private static bool IsOfEndpoints(string kind) =>
        kind is "EndpointSlice" or "EndpointSliceList" or "Endpoints" or "EndpointsList";

    private JsonNode Text(string text, string key) => key switch
    {
        "resourceVersion" when text.Length > 0 && text != "0" && text.All(char.IsAsciiDigit) => "<rv>",
        "continue" when text.Length > 0 => "<continue>",
        _ => Text(text),
    };

    private JsonNode Number(JsonValue value, string key) =>
        key is "nodePort" or "healthCheckNodePort" &&
        GoldenJson.AsNumber(value) is >= 30000 and <= 32767 and var port &&
        !IsLiteral(port.ToString(CultureInfo.InvariantCulture))
            ? "<nodePort>"
            : value.DeepClone();

    /// <summary>Rules 1 to 10, for any string.</summary>
    public string Text(string text)
    {
        text = Captured(text);
        text = Uuid().Replace(text, "<uid>");
        text = Monotonic().Replace(text, "+0000 UTC");
        text = PlainTime().Replace(text, "<time>");
        text = Time().Replace(text, static m =>
            $"<{(m.Groups[2].Success ? "microtime" : "time")}{(m.Groups[3].Value == "Z" ? "" : m.Groups[3].Value)}>");
        text = Token().Replace(text, "<token>");
        text = ServiceIp().Replace(text, m => Unless(m, "<ip>"));
        text = PodNetwork().Replace(text, m => Unless(m, "<cidr>"));
        text = Names(text);
        text = GoldenNormalizer.Message(text);
        text = Short().Replace(text, "<duration>");
        text = Seconds().Replace(text, "<duration>");
        return Missed().Replace(text, "missed <n> ");
    }

    private string Captured(string text)
    {
        foreach (var (name, value) in variables.All)
        {
            if (Uuid().Match(value) is { Success: true } match && match.Length == value.Length)
            {
                text = text.Replace(value, $"<uid:{name}>", StringComparison.Ordinal);
            }
            else if (name.StartsWith("gen", StringComparison.Ordinal) && value.Length >= 6 &&
                text.Contains(value, StringComparison.Ordinal))
            {
                text = Regex.Replace(
                    text, $"(?<![A-Za-z0-9-]){Regex.Escape(value)}(?![A-Za-z0-9])", $"<name:{name}>");
            }
        }

        return text;
    }

    /// <summary>Hashes, and what is generated behind a name.</summary>
    private string Names(string text)
    {
        foreach (var (hash, placeholder) in variables.Hashes)
        {
            if (text.Contains(hash, StringComparison.Ordinal))
            {
                text = Regex.Replace(text, $"(?<![A-Za-z0-9]){Regex.Escape(hash)}(?![A-Za-z0-9])", placeholder);
            }
        }

        text = BehindHash().Replace(text, "$1-<5>");
        text = variables.Minutes.Replace(text, m => Unless(m, $"{m.Groups[1].Value}-<minutes>"));
        text = variables.Generated.Replace(text, m => Unless(m, $"{m.Groups[1].Value}-<5>"));
        text = variables.Hashed.Replace(text, m => Unless(m, $"{m.Groups[1].Value}-<hash>"));
        return BehindHash().Replace(text, "$1-<5>");
    }

    private string Unless(Match match, string placeholder) => IsLiteral(match.Value) ? match.Value : placeholder;

    private bool IsLiteral(string text) => variables.Literal.Contains(text, StringComparison.Ordinal);

    private static string? String(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? (string?)value : null;

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\+0000 UTC( m=[+-][\d.]+)?")]
    private static partial Regex Monotonic();

    [GeneratedRegex(@"\b20[2-8]\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC")]
    private static partial Regex PlainTime();

    [GeneratedRegex(@"\b(20[2-8][0-9])-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")]
    private static partial Regex Time();

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")]
    private static partial Regex Token();

    [GeneratedRegex(@"(?<![\d.])10\.96\.\d{1,3}\.\d{1,3}(?![\d.])")]
    private static partial Regex ServiceIp();

    [GeneratedRegex(@"(?<![\d.])10\.244\.\d{1,3}\.0/24(?![\d.])")]
    private static partial Regex PodNetwork();

    [GeneratedRegex("^kube-api-access-[a-z0-9]{5}$")]
    private static partial Regex AccessVolume();

    [GeneratedRegex(@"(<hash(?::\d+)?>)-([a-z0-9]{5})(?![A-Za-z0-9-])")]
    private static partial Regex BehindHash();

    [GeneratedRegex(@"\b\d+(\.\d+)?(ms|µs|us)\b")]
    private static partial Regex Short();

    [GeneratedRegex(@"(?<![\w.])\d+\.\d+s\b")]
    private static partial Regex Seconds();

    [GeneratedRegex(@"\bmissed \d+ ")]
    private static partial Regex Missed();
}
