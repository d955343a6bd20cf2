using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>Fields of an answer by their types; keeps the first that has another one, in Go's words.</summary>
internal sealed class AnswerFields
{
    /// <summary>Null while all is well.</summary>
    public string? Error { get; private set; }

    public JsonObject? Object(JsonObject parent, string name, string place, string type) =>
        parent[name] switch
        {
            null => null,
            JsonObject value => value,
            var other => Wrong<JsonObject>(other, place, type),
        };

    public string Text(JsonObject parent, string name, string place) => Text(parent[name], place);

    public bool Flag(JsonObject parent, string name, string place) => parent[name] is { } value
        && (value.GetValueKind() is var kind && kind is JsonValueKind.True or JsonValueKind.False
            ? kind == JsonValueKind.True
            : Wrong<object>(value, place, "bool") is not null);

    /// <summary>A whole number; 0 for what is none.</summary>
    public long Number(JsonObject parent, string name) =>
        parent[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && value.TryGetValue<JsonElement>(out var number) && number.TryGetInt64(out var result)
            ? result
            : 0;

    public byte[] Bytes(JsonObject parent, string name, string place)
    {
        var text = Text(parent, name, place);
        var buffer = new byte[text.Length];
        if (Convert.TryFromBase64String(text, buffer, out var written))
        {
            return buffer[..written];
        }

        Error ??= "illegal base64 data at input byte 0";
        return [];
    }

    public IReadOnlyList<string> Texts(JsonObject parent, string name, string place) => parent[name] switch
    {
        null => [],
        JsonArray list => [.. list.Select(v => Text(v, place))],
        var other => Wrong<IReadOnlyList<string>>(other, place, "[]string") ?? [],
    };

    public IReadOnlyList<KeyValuePair<string, string>> Map(JsonObject parent, string name, string place) =>
        parent[name] switch
        {
            null => [],
            JsonObject map => [.. map.Select(p => KeyValuePair.Create(p.Key, Text(p.Value, place)))],
            var other => Wrong<IReadOnlyList<KeyValuePair<string, string>>>(other, place, "map[string]string") ?? [],
        };

    private string Text(JsonNode? value, string place) =>
        value is null ? "" : JsonTree.Text(value) ?? Wrong<string>(value, place, "string") ?? "";

    private T? Wrong<T>(JsonNode value, string place, string type)
        where T : class
    {
        Error ??= $"json: cannot unmarshal {JsonTree.Describe(value)} into Go struct field {place} of type {type}";
        return null;
    }
}
