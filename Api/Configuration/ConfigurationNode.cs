using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Configuration;

/// <summary>
/// An object of a configuration, which is read field by field: what nobody has read when all is done is a field that
/// nobody knows (<see cref="ConfigurationFile"/> refuses it, as upstream's strict decoder does).
/// </summary>
public sealed class ConfigurationNode
{
    private readonly JsonElement _value;
    private readonly string _path;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<ConfigurationNode> _children = [];

    internal ConfigurationNode(JsonElement value, string path)
    {
        // An element of a list that is null is one without fields to Go.
        if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null))
        {
            throw WrongType(path, value, "object");
        }

        (_value, _path) = (value, path);
    }

    /// <summary>True when the field is there, and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A text; empty when there is none.</summary>
    public string Text(string name) => MaybeText(name) ?? "";

    /// <summary>A text; null when there is none.</summary>
    public string? MaybeText(string name) => Find(name) is { } value ? TextOf(value, PathOf(name)) : null;

    /// <summary>A flag; null when there is none.</summary>
    public bool? Flag(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw WrongType(PathOf(name), other, "bool"),
    };

    /// <summary>A whole number of 32 bits; 0 when there is none.</summary>
    public int Number(string name) => MaybeNumber(name) ?? 0;

    /// <summary>A whole number of 32 bits; null when there is none.</summary>
    public int? MaybeNumber(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : throw WrongType(PathOf(name), value, "int32");

    /// <summary>A duration in Go's form; zero when there is none.</summary>
    public TimeSpan Duration(string name) => MaybeDuration(name) ?? TimeSpan.Zero;

    /// <summary>A duration in Go's form; null when there is none.</summary>
    public TimeSpan? MaybeDuration(string name)
    {
        if (MaybeText(name) is not { } text)
        {
            return null;
        }

        return GoDuration.Read(text, out var duration) is { } complaint
            ? throw new ConfigurationException(complaint)
            : duration;
    }

    /// <summary>Texts; none when there is no such list.</summary>
    public IReadOnlyList<string> Texts(string name) =>
        [.. Elements(name).Select(static (e) => TextOf(e.Value, e.Path))];

    /// <summary>An object; one without fields when there is none.</summary>
    public ConfigurationNode Child(string name)
    {
        var child = new ConfigurationNode(Find(name) ?? default, PathOf(name));
        _children.Add(child);
        return child;
    }

    /// <summary>Objects; none when there is no such list.</summary>
    public IReadOnlyList<ConfigurationNode> Children(string name)
    {
        List<ConfigurationNode> all = [.. Elements(name).Select(static e => new ConfigurationNode(e.Value, e.Path))];
        _children.AddRange(all);
        return all;
    }

    /// <summary>An object as it stands, for a part of another kind, which somebody else reads.</summary>
    public JsonElement? Foreign(string name) => Find(name);

    /// <summary>What nobody has read, in upstream's words.</summary>
    internal IEnumerable<string> UnknownFields()
    {
        var own = _value.ValueKind == JsonValueKind.Object
            ? _value.EnumerateObject().Where(p => !_known.Contains(p.Name))
                .Select(p => $"unknown field {GoText.Quote(PathOf(p.Name))}")
            : [];
        return own.Concat(_children.SelectMany(static c => c.UnknownFields()));
    }

    private IEnumerable<(JsonElement Value, string Path)> Elements(string name)
    {
        if (Find(name) is not { } list)
        {
            return [];
        }

        return list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select((e, i) => (e, string.Create(
                CultureInfo.InvariantCulture, $"{PathOf(name)}[{i}]")))
            : throw WrongType(PathOf(name), list, "array");
    }

    private JsonElement? Find(string name)
    {
        _known.Add(name);
        return _value.ValueKind == JsonValueKind.Object && _value.TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.Null
                ? value
                : null;
    }

    private string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    private static string TextOf(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw WrongType(path, value, "string");

    private static ConfigurationException WrongType(string path, JsonElement value, string wanted)
    {
        var found = value.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => "bool",
            var kind => kind.ToString().ToLowerInvariant(),
        };
        return new ConfigurationException(
            $"json: cannot unmarshal {found} into Go struct field {path} of type {wanted}");
    }
}
