using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>
/// A place in an object's JSON, which may be missing: what is looked up in a missing one is missing too, so that a
/// series is simply not written.
/// </summary>
internal readonly struct StateField(JsonElement element)
{
    public StateField this[string name] =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var found)
            ? new StateField(found)
            : default;

    public JsonElement Element => element;

    public bool Exists => element.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public bool IsTrue => element.ValueKind == JsonValueKind.True;

    public string? Text => element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    public double? Number => element.ValueKind == JsonValueKind.Number ? element.GetDouble() : null;

    /// <summary>A time in seconds of Unix.</summary>
    public double? Time =>
        element.ValueKind == JsonValueKind.String
        && DateTimeOffset.TryParse(
            element.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds() / 1000.0
            : null;

    /// <summary>A quantity, which may be written as a number.</summary>
    public double? Amount =>
        Quantity.TryParse(element.ValueKind switch
        {
            JsonValueKind.String => element.GetString()!,
            JsonValueKind.Number => element.GetRawText(),
            _ => "",
        }, out var amount)
            ? amount.IsInteger ? amount.Value : amount.MilliValue / 1000.0
            : null;

    public int Count => element.ValueKind switch
    {
        JsonValueKind.Array => element.GetArrayLength(),
        JsonValueKind.Object => element.GetPropertyCount(),
        _ => 0,
    };

    /// <summary>What a list holds.</summary>
    public IEnumerable<StateField> Items =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().Select(static e => new StateField(e)) : [];

    /// <summary>What a map holds.</summary>
    public IEnumerable<(string Name, StateField Value)> Members => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject().Select(static p => (p.Name, new StateField(p.Value)))
        : [];

    public bool Is(string text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);
}
