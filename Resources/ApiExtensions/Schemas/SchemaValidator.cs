using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Cel.Patterns;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// Checks a value by a schema, in the words and the order of upstream's validator (kube-openapi). What an update does
/// not change is not held against it: only changed values, and what contains them, are checked.
/// </summary>
/// <param name="errors">Takes the findings.</param>
/// <param name="root">Where the value is; null for a whole object.</param>
/// <param name="start">The way to it from there.</param>
public sealed partial class SchemaValidator(FieldErrors errors, FieldPath? root = null, string start = "")
{
    private const string IntOrString = "integer,string";

    /// <summary>The way from the root to the value that is checked. As text it is needed for findings alone.</summary>
    private readonly ValuePath _path = new(start);

    /// <summary>How many checks were made: of alternatives that do not fit, upstream takes that with most.</summary>
    private int _matches;

    /// <summary>The place of findings that name none.</summary>
    private FieldPath Whole => root ?? FieldPath.Nowhere;

    /// <summary>Checks a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="schema">What it must be like.</param>
    /// <param name="old">What was there before an update; null for nothing.</param>
    public void Validate(JsonNode? value, JsonSchema schema, JsonNode? old = null)
    {
        if (old is null || !SameValues.AreSame(value, old, schema))
        {
            ValidateWhole(value, schema, old);
        }
    }

    /// <summary>Checks a whole object, which no update leaves alone: its parts may be.</summary>
    /// <param name="value">The object.</param>
    /// <param name="schema">What it must be like.</param>
    /// <param name="old">What it was before an update; null for nothing.</param>
    public void ValidateWhole(JsonNode? value, JsonSchema schema, JsonNode? old = null)
    {
        CheckType(value, schema);
        if (value is null)
        {
            CheckEnum(value, schema);
            return;
        }

        CheckCombined(value, schema);
        _matches += Checks(value, schema);
        switch (value)
        {
            case JsonArray list:
                CheckList(list, schema, old as JsonArray);
                CheckEnum(value, schema);
                break;
            case JsonObject map:
                CheckEnum(value, schema);
                CheckMap(map, schema, old as JsonObject);
                break;
            default:
                CheckScalar(value, schema);
                CheckEnum(value, schema);
                break;
        }
    }

    /// <summary>Checks that upstream counts for a value, without those of what is in it and of its type.</summary>
    private static int Checks(JsonNode value, JsonSchema schema)
    {
        const int Always = 4; // combinations twice, the enumeration, the value itself
        var isTyped = schema.Type.Length > 0 || schema.IsIntOrString || SchemaFormats.IsOfTexts(schema.Format);
        return Always + (isTyped ? 1 : 0) + value.GetValueKind() switch
        {
            JsonValueKind.String => SchemaFormats.IsOfTexts(schema.Format) ? 2 : 1,
            JsonValueKind.Number or JsonValueKind.Array => 2,
            JsonValueKind.Object => 1,
            _ => 0,
        };
    }

    /// <summary>Name of a value's type in messages.</summary>
    public static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => IsWhole(value) ? "integer" : "number",
        _ => "boolean",
    };

    private static bool IsWhole(JsonNode value) =>
        value.AsValue().TryGetValue<long>(out _)
        || (value.AsValue().TryGetValue<double>(out var number) && Math.Floor(number).Equals(number));

    private void CheckType(JsonNode? value, JsonSchema schema)
    {
        var wanted = schema.IsIntOrString ? IntOrString : schema.Type;
        var actual = TypeOf(value);
        if (wanted.Length == 0 || (value is null && schema.Nullable) || wanted == actual
            || (schema.IsIntOrString ? actual is "integer" or "string" : wanted == "number" && actual == "integer"))
        {
            _matches += wanted.Length > 0 ? 1 : 0;
            return;
        }

        // Upstream looks for a format first, and takes lists and texts for what the format is of.
        if (value is not null && SchemaFormats.IsOfTexts(schema.Format))
        {
            var isList = actual is "array" or "string";
            if (isList && wanted is not ("number" or "integer" or IntOrString))
            {
                return;
            }

            (wanted, actual) = isList ? (wanted, actual) : (schema.Format, FormatOf(value));
        }

        errors.TypeInvalid(
            Place(), actual, $"{_path} in body must be of type {wanted}: {GoText.Quote(actual)}");
    }

    /// <summary>The format that upstream sees in a value that is neither list nor text.</summary>
    private static string FormatOf(JsonNode value) => value.GetValueKind() != JsonValueKind.Number ? ""
        : value.AsValue().TryGetValue<long>(out _) ? "int64"
        : "float64";

    private void CheckScalar(JsonNode value, JsonSchema schema)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                CheckText(value.GetValue<string>(), schema);
                break;
            case JsonValueKind.Number:
                CheckNumber(value, schema);
                break;
        }
    }

    /// <summary>Of length and pattern, only the first complaint is told.</summary>
    private void CheckText(string text, JsonSchema schema)
    {
        // No text has more characters than units: nearly all are short enough at once.
        var isShort = schema.MinLength is null && (schema.MaxLength is null || text.Length <= schema.MaxLength);
        var length = isShort ? text.Length : RunesIn(text);
        if (schema.MaxLength is { } max && length > max)
        {
            errors.TooLong(Place(), (int)max);
        }
        else if (schema.MinLength is { } min && length < min)
        {
            Invalid(text, $"should be at least {min} chars long");
        }
        else if (schema.Pattern.Length > 0 && Re2.Find(schema.Pattern, out _)?.IsMatch(text) == false)
        {
            Invalid(text, $"should match '{schema.Pattern}'");
        }

        if (schema.Format.Length > 0 && schema.Type is "string" or "" && !SchemaFormats.Fits(schema.Format, text))
        {
            errors.TypeInvalid(
                Place(), text, $"{_path} in body must be of type {schema.Format}: {GoText.Quote(text)}");
        }
    }

    private static int RunesIn(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }

    private void CheckList(JsonArray list, JsonSchema schema, JsonArray? old)
    {
        if (schema.Items is { } items)
        {
            var before = schema.ListType == "map" ? ListKeys.Index(old, schema) : null;
            for (var i = 0; i < list.Count; i++)
            {
                _path.Enter(i);
                Validate(list[i], items, before?.GetValueOrDefault(ListKeys.Of(list[i], schema)));
                _path.Leave();
            }
        }

        if (schema.MinItems is { } min && list.Count < min)
        {
            Invalid(list.Count, $"should have at least {min} items");
        }

        if (schema.MaxItems is { } max && list.Count > max)
        {
            errors.TooMany(Place(), list.Count, (int)max);
        }
    }

    private void CheckMap(JsonObject map, JsonSchema schema, JsonObject? old)
    {
        if (schema.MinProperties is { } min && map.Count < min)
        {
            Invalid(map.Count, $"should have at least {min} properties");
            return;
        }

        if (schema.MaxProperties is { } max && map.Count > max)
        {
            errors.TooMany(Place(), map.Count, (int)max);
            return;
        }

        foreach (var (name, value) in JsonTree.InOrder(map))
        {
            CheckField(name, value, schema, old?[name]);
        }

        foreach (var name in schema.Required)
        {
            if (!map.ContainsKey(name))
            {
                _path.Enter(name);
                errors.Required(Place());
                _path.Leave();
            }
        }
    }

    private void CheckField(string name, JsonNode? value, JsonSchema schema, JsonNode? old)
    {
        if (schema.Properties.TryGetValue(name, out var property))
        {
            _path.Enter(name);
            Validate(value, property, old);
            _path.Leave();
        }
        else if (schema.AdditionalProperties is { } values)
        {
            _path.EnterKey(name);
            Validate(value, values, old);
            _path.Leave();
        }
        else if (schema.ForbidsAdditional)
        {
            errors.Invalid(Place(), name, $"{_path}.{name} in body is a forbidden property");
        }
    }

    private void CheckEnum(JsonNode? value, JsonSchema schema)
    {
        foreach (var allowed in schema.Enum)
        {
            if (IsEqual(allowed, value))
            {
                return;
            }
        }

        if (schema.Enum.Count == 0)
        {
            return;
        }

        errors.NotSupported(
            Place(), Shown(value),
            schema.Enum.Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : e.GetRawText()));
    }

    private static bool IsEqual(JsonElement allowed, JsonNode? value) => allowed.ValueKind == JsonValueKind.String
        ? value?.GetValueKind() == JsonValueKind.String && allowed.ValueEquals(value.GetValue<string>())
        : JsonNode.DeepEquals(JsonTree.Copy(allowed), value);

    private void Invalid(object? value, string message) =>
        errors.Invalid(Place(), value, $"{_path} in body {message}");

    private FieldPath Place()
    {
        var path = _path.ToString();
        var below = path.StartsWith('.') ? path[1..] : path;
        return below.Length == 0 ? Whole
            : root is null ? FieldPath.Of(below)
            : root.Child(below);
    }

    private static object? Shown(JsonNode? value) => value is null ? null
        : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>()
        : new RawJson(value.GetValueKind() == JsonValueKind.Number ? GoValues.Plain(value) : value.ToJsonString());
}
