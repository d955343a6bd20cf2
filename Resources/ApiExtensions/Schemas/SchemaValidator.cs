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
public sealed partial class SchemaValidator(FieldErrors errors, FieldPath? root = null)
{
    private const string IntOrString = "integer,string";

    /// <summary>How many checks were made: of alternatives that do not fit, upstream takes that with most.</summary>
    private int _matches;

    /// <summary>The place of findings that name none.</summary>
    private FieldPath Whole => root ?? FieldPath.Nowhere;

    /// <summary>Checks a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="schema">What it must be like.</param>
    /// <param name="path">Where it is below the root.</param>
    /// <param name="old">What was there before an update; null for nothing.</param>
    public void Validate(JsonNode? value, JsonSchema schema, string path = "", JsonNode? old = null)
    {
        if (old is not null && JsonNode.DeepEquals(value, old))
        {
            return;
        }

        CheckType(value, schema, path);
        if (value is null)
        {
            CheckEnum(value, schema, path);
            return;
        }

        CheckCombined(value, schema, path);
        _matches += Checks(value, schema);
        switch (value)
        {
            case JsonArray list:
                CheckList(list, schema, path, old as JsonArray);
                CheckEnum(value, schema, path);
                break;
            case JsonObject map:
                CheckEnum(value, schema, path);
                CheckMap(map, schema, path, old as JsonObject);
                break;
            default:
                CheckScalar(value, schema, path);
                CheckEnum(value, schema, path);
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

    private void CheckType(JsonNode? value, JsonSchema schema, string path)
    {
        var wanted = schema.IsIntOrString ? IntOrString : schema.Type;
        var actual = TypeOf(value);
        if (wanted.Length == 0 || (value is null && schema.Nullable) || wanted.Split(',').Contains(actual)
            || (wanted == "number" && actual == "integer"))
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
            Place(path), actual, $"{path} in body must be of type {wanted}: {GoText.Quote(actual)}");
    }

    /// <summary>The format that upstream sees in a value that is neither list nor text.</summary>
    private static string FormatOf(JsonNode value) => value.GetValueKind() != JsonValueKind.Number ? ""
        : value.AsValue().TryGetValue<long>(out _) ? "int64"
        : "float64";

    private void CheckScalar(JsonNode value, JsonSchema schema, string path)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                CheckText(value.GetValue<string>(), schema, path);
                break;
            case JsonValueKind.Number:
                CheckNumber(value, schema, path);
                break;
        }
    }

    /// <summary>Of length and pattern, only the first complaint is told.</summary>
    private void CheckText(string text, JsonSchema schema, string path)
    {
        var length = text.EnumerateRunes().Count();
        if (schema.MaxLength is { } max && length > max)
        {
            errors.TooLong(Place(path), (int)max);
        }
        else if (schema.MinLength is { } min && length < min)
        {
            Invalid(path, text, $"should be at least {min} chars long");
        }
        else if (schema.Pattern.Length > 0 && Re2.Find(schema.Pattern, out _)?.IsMatch(text) == false)
        {
            Invalid(path, text, $"should match '{schema.Pattern}'");
        }

        if (schema.Format.Length > 0 && schema.Type is "string" or "" && !SchemaFormats.Fits(schema.Format, text))
        {
            errors.TypeInvalid(
                Place(path), text, $"{path} in body must be of type {schema.Format}: {GoText.Quote(text)}");
        }
    }

    private void CheckNumber(JsonNode value, JsonSchema schema, string path)
    {
        var isWhole = value.AsValue().TryGetValue<long>(out var whole);
        var number = isWhole ? whole : value.GetValue<double>();
        FitsType(number, "Checked", schema, path);

        // Of a factor below one there is no whole part to divide by.
        if (BoundOf(schema.MultipleOf, "MultipleOf", isWhole && schema.MultipleOf >= 1, schema, path) is { } factor
            && !NumberRules.IsMultiple(number, factor.Value))
        {
            Invalid(path, Shown(value), $"should be a multiple of {factor.Text}");
        }

        if (BoundOf(schema.Minimum, "Minimum boundary", isWhole, schema, path) is { } min
            && (schema.ExcludesMinimum ? number <= min.Value : number < min.Value))
        {
            Invalid(
                path, Shown(value),
                $"should be greater than {(schema.ExcludesMinimum ? "" : "or equal to ")}{min.Text}");
        }

        if (BoundOf(schema.Maximum, "Maximum boundary", isWhole, schema, path) is { } max
            && (schema.ExcludesMaximum ? number >= max.Value : number > max.Value))
        {
            Invalid(
                path, Shown(value), $"should be less than {(schema.ExcludesMaximum ? "" : "or equal to ")}{max.Text}");
        }
    }

    /// <summary>What a number is measured by; a bound that the type could not have is complained of, too.</summary>
    private NumberBound? BoundOf(double? given, string what, bool isWhole, JsonSchema schema, string path) =>
        given is { } bound ? NumberRules.Bound(bound, FitsType(bound, what, schema, path) && isWhole) : null;

    /// <summary>Formats of numbers are not upstream's concern in definitions.</summary>
    private bool FitsType(double number, string what, JsonSchema schema, string path)
    {
        if (schema.Type != "integer" || NumberRules.IsInteger(number))
        {
            return true;
        }

        errors.Invalid(Whole, "", $"{what} value must be of type integer (default format) in {path}");
        return false;
    }

    private void CheckList(JsonArray list, JsonSchema schema, string path, JsonArray? old)
    {
        if (schema.Items is { } items)
        {
            var before = schema.ListType == "map" ? ListKeys.Index(old, schema) : null;
            for (var i = 0; i < list.Count; i++)
            {
                Validate(list[i], items, $"{path}[{i}]", before?.GetValueOrDefault(ListKeys.Of(list[i], schema)));
            }
        }

        if (schema.MinItems is { } min && list.Count < min)
        {
            Invalid(path, list.Count, $"should have at least {min} items");
        }

        if (schema.MaxItems is { } max && list.Count > max)
        {
            errors.TooMany(Place(path), list.Count, (int)max);
        }
    }

    private void CheckMap(JsonObject map, JsonSchema schema, string path, JsonObject? old)
    {
        if (schema.MinProperties is { } min && map.Count < min)
        {
            Invalid(path, map.Count, $"should have at least {min} properties");
            return;
        }

        if (schema.MaxProperties is { } max && map.Count > max)
        {
            errors.TooMany(Place(path), map.Count, (int)max);
            return;
        }

        foreach (var (name, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            var here = Below(path, name);
            if (schema.Properties.TryGetValue(name, out var property))
            {
                Validate(value, property, here, old?[name]);
            }
            else if (schema.AdditionalProperties is { } values)
            {
                Validate(value, values, $"{path}.{name}", old?[name]);
            }
            else if (schema.ForbidsAdditional)
            {
                errors.Invalid(Place(path), name, $"{path}.{name} in body is a forbidden property");
            }
        }

        foreach (var name in schema.Required.Where(n => !map.ContainsKey(n)))
        {
            errors.Required(Place(Below(path, name)));
        }
    }

    private void CheckEnum(JsonNode? value, JsonSchema schema, string path)
    {
        if (schema.Enum.Count == 0 || schema.Enum.Any(e => JsonNode.DeepEquals(JsonTree.Copy(e), value)))
        {
            return;
        }

        errors.NotSupported(
            Place(path), Shown(value),
            schema.Enum.Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : e.GetRawText()));
    }

    private void Invalid(string path, object? value, string message) =>
        errors.Invalid(Place(path), value, $"{path} in body {message}");

    private FieldPath Place(string path)
    {
        var below = path.StartsWith('.') ? path[1..] : path;
        return below.Length == 0 ? Whole
            : root is null ? FieldPath.Of(below)
            : root.Child(below);
    }

    private static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static object? Shown(JsonNode? value) => value is null ? null
        : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>()
        : new RawJson(value.GetValueKind() == JsonValueKind.Number ? GoValues.Plain(value) : value.ToJsonString());
}
