using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>
/// JSON as values. Nothing is copied ahead: an object or list is opened when it is asked for, and what was opened is
/// kept,
/// so that several expressions over the same data share it. A view is for one thread at a time.
/// </summary>
public static class CelJson
{
    /// <summary>
    /// The data as a value: whole numbers are ints, others doubles, unless the schema says otherwise.
    /// </summary>
    /// <param name="element">Its document must live as long as the value.</param>
    /// <param name="schema">What fields there are and how their texts are meant; null when nothing is known.</param>
    public static CelValue Of(JsonElement element, CelSchema? schema = null) => element.ValueKind switch
    {
        JsonValueKind.Object => CelValue.Of(new JsonMap(element, schema)),
        JsonValueKind.Array => CelValue.Of(new JsonList(element, schema)),
        JsonValueKind.String => OfText(element.GetString()!, schema?.Type.Kind ?? CelTypeKind.Dyn),
        JsonValueKind.Number => OfNumber(element, schema?.Type.Kind ?? CelTypeKind.Dyn),
        JsonValueKind.True => CelValue.True,
        JsonValueKind.False => CelValue.False,
        _ => CelValue.Null,
    };

    /// <summary>The value as JSON, as an object's field would hold it; false when it has no such form.</summary>
    public static bool TryWrite(Utf8JsonWriter writer, in CelValue value)
    {
        switch (value.Kind)
        {
            case CelKind.Null:
                writer.WriteNullValue();
                return true;
            case CelKind.Bool:
                writer.WriteBooleanValue(value.IsTrue);
                return true;
            case CelKind.Int:
                writer.WriteNumberValue(value.AsInt);
                return true;
            case CelKind.Uint:
                writer.WriteNumberValue(value.AsUint);
                return true;
            case CelKind.Double when double.IsFinite(value.AsDouble):
                writer.WriteNumberValue(value.AsDouble);
                return true;
            case CelKind.String:
                writer.WriteStringValue(value.AsString);
                return true;
            case CelKind.Bytes:
                writer.WriteBase64StringValue(value.AsBytes);
                return true;
            case CelKind.Timestamp or CelKind.Duration:
                writer.WriteStringValue(value.ToString());
                return true;
            case CelKind.List:
                return TryWriteList(writer, value.AsList);
            case CelKind.Map:
                return TryWriteMap(writer, value.AsMap);
            default:
                return false;
        }
    }

    private static bool TryWriteList(Utf8JsonWriter writer, CelList list)
    {
        writer.WriteStartArray();
        foreach (var element in list)
        {
            if (!TryWrite(writer, element))
            {
                return false;
            }
        }

        writer.WriteEndArray();
        return true;
    }

    private static bool TryWriteMap(Utf8JsonWriter writer, CelMap map)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in map)
        {
            if (key.Kind is not (CelKind.String or CelKind.Bool or CelKind.Int or CelKind.Uint))
            {
                return false;
            }

            writer.WritePropertyName(map is CelObject ? CelNames.Unescape(key.AsString) ?? key.AsString
                : key.ToString());
            if (!TryWrite(writer, value))
            {
                return false;
            }
        }

        writer.WriteEndObject();
        return true;
    }

    private static CelValue OfText(string text, CelTypeKind kind)
    {
        switch (kind)
        {
            case CelTypeKind.Timestamp:
                return CelTimestamp.TryParse(text, out var moment)
                    || CelTimestamp.TryParse(text + "T00:00:00Z", out moment)
                    ? CelValue.Of(moment)
                    : CelValue.OfError($"failed to convert {text} to timestamp");
            case CelTypeKind.Duration:
                return CelDurations.TryParseFormat(text, out var length)
                    ? CelValue.OfDuration(length)
                    : CelValue.OfError($"failed to convert {text} to duration");
            case CelTypeKind.Bytes:
                var bytes = new byte[(text.Length / 4 * 3) + 3];
                return Convert.TryFromBase64String(text, bytes, out var count)
                    ? CelValue.Of(bytes[..count])
                    : CelValue.OfError($"failed to convert {text} to bytes");
            default:
                return CelValue.Of(text);
        }
    }

    private static CelValue OfNumber(JsonElement element, CelTypeKind kind) =>
        kind != CelTypeKind.Double && element.TryGetInt64(out var whole) ? CelValue.Of(whole)
        : element.TryGetDouble(out var number) ? CelValue.Of(number)
        : CelValue.OfError(string.Create(CultureInfo.InvariantCulture, $"range error: {element.GetRawText()}"));

    private sealed class JsonList(JsonElement element, CelSchema? schema) : CelList
    {
        private CelValue[]? _elements;

        public override int Count => _elements?.Length ?? element.GetArrayLength();

        internal override CelSchema? Schema => schema;

        public override CelValue this[int index] => (_elements ??= Open())[index];

        private CelValue[] Open()
        {
            var opened = new CelValue[element.GetArrayLength()];
            var at = 0;
            foreach (var item in element.EnumerateArray())
            {
                opened[at++] = CelJson.Of(item, schema?.Element);
            }

            return opened;
        }
    }

    /// <summary>
    /// Fields of an object with a schema are found by the names expressions use, and only those the schema has; a null
    /// is no field of it, as upstream prunes nulls. What the schema does not know counts when objects are compared.
    /// </summary>
    private sealed class JsonMap(JsonElement element, CelSchema? schema) : CelMap
    {
        /// <summary>Up to so many fields are looked through; more get a table.</summary>
        private const int Few = 8;

        private KeyValuePair<string, CelValue>[]? _fields;
        private Dictionary<string, int>? _places;
        private List<JsonProperty>? _hidden;

        private bool IsObject => schema?.Type.Kind == CelTypeKind.Object;

        public override int Count => Fields().Length;

        internal override int Size => Fields().Length + (_hidden?.Count ?? 0);

        /// <summary>As upstream, one that the other does not have is passed over.</summary>
        internal override bool HidesTheSame(CelMap other) =>
            other is not JsonMap map || _hidden is null || _hidden.TrueForAll(
                p => !map.TryGetHidden(p.Name, out var same) || JsonElement.DeepEquals(p.Value, same));

        private bool TryGetHidden(string name, out JsonElement value) => element.TryGetProperty(name, out value);

        public override bool TryGet(in CelValue key, out CelValue value)
        {
            value = default;
            return key.Kind == CelKind.String && TryGetField(key.AsString, out value);
        }

        public override bool TryGetField(string name, out CelValue value)
        {
            var fields = Fields();
            if (_places is not null)
            {
                var found = _places.TryGetValue(name, out var place);
                value = found ? fields[place].Value : default;
                return found;
            }

            foreach (var (known, held) in fields)
            {
                if (string.Equals(known, name, StringComparison.Ordinal))
                {
                    value = held;
                    return true;
                }
            }

            value = default;
            return false;
        }

        public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator()
        {
            foreach (var (name, value) in Fields())
            {
                yield return new(CelValue.Of(name), value);
            }
        }

        private string? NameOf(string property) =>
            schema!.HasPlainNames ? property : CelNames.Escape(property);

        private KeyValuePair<string, CelValue>[] Fields() => _fields ?? Open();

        private KeyValuePair<string, CelValue>[] Open()
        {
            var opened = new List<KeyValuePair<string, CelValue>>();
            foreach (var property in element.EnumerateObject())
            {
                if (!IsObject)
                {
                    opened.Add(new(property.Name, CelJson.Of(property.Value, schema?.Element)));
                }
                else if (NameOf(property.Name) is not { } name || !schema!.Fields.TryGetValue(name, out var field))
                {
                    (_hidden ??= []).Add(property);
                }
                else if (property.Value.ValueKind != JsonValueKind.Null || field.Schema.Type.Kind == CelTypeKind.Dyn)
                {
                    opened.Add(new(name, CelJson.Of(property.Value, field.Schema)));
                }
            }

            _fields = [.. opened];
            if (_fields.Length > Few)
            {
                _places = new Dictionary<string, int>(_fields.Length, StringComparer.Ordinal);
                for (var i = 0; i < _fields.Length; i++)
                {
                    _places[_fields[i].Key] = i;
                }
            }

            return _fields;
        }
    }
}
