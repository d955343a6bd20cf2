using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>Findings on what a version shows beside its objects: scale, columns, selectable fields.</summary>
internal static class SubresourceRules
{
    private const int MaxSelectable = 8;

    private static readonly string[] Types = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] Formats =
        ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    public static void ValidateScale(V1CustomResourceSubresourceScale? scale, FieldPath path, FieldErrors errors)
    {
        if (scale is null)
        {
            return;
        }

        var place = path.Child("scale");
        ValidateRequiredPath(scale.SpecReplicasPath ?? "", ".spec", place.Child("specReplicasPath"), errors);
        ValidateRequiredPath(scale.StatusReplicasPath ?? "", ".status", place.Child("statusReplicasPath"), errors);
        if (!string.IsNullOrEmpty(scale.LabelSelectorPath)
            && IsSimple(scale.LabelSelectorPath, place.Child("labelSelectorPath"), errors)
            && !IsBelow(scale.LabelSelectorPath, ".spec") && !IsBelow(scale.LabelSelectorPath, ".status"))
        {
            errors.Invalid(
                place.Child("labelSelectorPath"), scale.LabelSelectorPath,
                "should be a json path under either .spec or .status");
        }
    }

    public static void ValidateColumns(V1CustomResourceDefinitionVersion version, FieldPath path, FieldErrors errors)
    {
        foreach (var (i, column) in (version.AdditionalPrinterColumns ?? []).Index())
        {
            var place = path.Index(i);
            if (string.IsNullOrEmpty(column.Name))
            {
                errors.Required(place.Child("name"));
            }

            if (string.IsNullOrEmpty(column.Type))
            {
                errors.Required(place.Child("type"), $"must be one of {string.Join(',', Types)}");
            }
            else if (!Types.Contains(column.Type))
            {
                errors.Invalid(place.Child("type"), column.Type, $"must be one of {string.Join(',', Types)}");
            }

            if (!string.IsNullOrEmpty(column.Format) && !Formats.Contains(column.Format))
            {
                errors.Invalid(place.Child("format"), column.Format, $"must be one of {string.Join(',', Formats)}");
            }

            if (string.IsNullOrEmpty(column.JsonPath))
            {
                errors.Required(place.Child("JSONPath"));
            }
            else
            {
                IsSimple(column.JsonPath, place.Child("JSONPath"), errors);
            }
        }
    }

    /// <param name="version">It has the fields.</param>
    /// <param name="schema">In which they are looked for; null when upstream sees none next to them.</param>
    /// <param name="path">Where they are.</param>
    /// <param name="noSchema">What is said when there is none.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void ValidateSelectable(
        V1CustomResourceDefinitionVersion version, JsonSchema? schema, FieldPath path, string noSchema,
        FieldErrors errors)
    {
        if (schema is null && version.SelectableFields is { Count: > 0 })
        {
            errors.Invalid(path, "", noSchema);
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, field) in (version.SelectableFields ?? []).Index())
        {
            ValidateSelectable(field.JsonPath ?? "", schema!, path.Index(i).Child("jsonPath"), seen, errors);
        }

        if (seen.Count > MaxSelectable)
        {
            errors.TooMany(path, seen.Count, MaxSelectable);
        }
    }

    private static void ValidateSelectable(
        string text, JsonSchema schema, FieldPath path, HashSet<string> seen, FieldErrors errors)
    {
        if (text.Length == 0)
        {
            errors.Required(path);
            return;
        }

        var (found, complaint) = Find(schema, text);
        if (complaint.Length > 0)
        {
            errors.Invalid(path, text, $"is an invalid path: {complaint}");
            return;
        }

        if (text == ".metadata" || IsBelow(text, ".metadata"))
        {
            errors.Invalid(path, text, "must not point to fields in metadata");
        }

        if (found?.Type is not ("string" or "boolean" or "integer"))
        {
            errors.Invalid(
                path, text,
                "must point to a field of type string, boolean or integer. Enum string fields and strings with "
                + "formats are allowed.");
        }

        if (!seen.Add(text))
        {
            errors.Duplicate(path, text);
        }
    }

    /// <summary>The schema of a field, or why there is none.</summary>
    private static (JsonSchema? Found, string Complaint) Find(JsonSchema? schema, string path)
    {
        const string Nowhere = "does not refer to a valid field";
        for (var at = 0; at < path.Length;)
        {
            if (path[at] == '[')
            {
                return (null, "array notation is not allowed");
            }

            if (path[at] != '.')
            {
                return (null, $"expected [ or . but got: {path[at..EndOf(path, at)]}");
            }

            var end = EndOf(path, at + 1);
            if (at + 1 == path.Length)
            {
                return (null, "unexpected end of JSON path");
            }

            var name = path[(at + 1)..end];
            if (schema is null or { Properties.Count: 0, HasAdditional: false }
                || (schema.Properties.Count > 0 && !schema.Properties.ContainsKey(name)))
            {
                return (null, Nowhere);
            }

            schema = schema.Properties.Count > 0 ? schema.Properties[name] : schema.AdditionalProperties;
            at = end;
        }

        return (schema, "");
    }

    /// <summary>Where a token ends; delimiters are tokens of their own.</summary>
    private static int EndOf(string path, int at)
    {
        var end = path.AsSpan(Math.Min(at, path.Length)).IndexOfAny('.', '[', ']');
        return end < 0 ? path.Length : at + Math.Max(end, 1);
    }

    private static void ValidateRequiredPath(string text, string below, FieldPath path, FieldErrors errors)
    {
        if (text.Length == 0)
        {
            errors.Required(path);
        }
        else if (IsSimple(text, path, errors) && !IsBelow(text, below))
        {
            errors.Invalid(path, text, $"should be a json path under {below}");
        }
    }

    private static bool IsSimple(string text, FieldPath path, FieldErrors errors)
    {
        if (text.StartsWith('.'))
        {
            return true;
        }

        errors.Invalid(path, text, "must be a simple json path starting with .");
        return false;
    }

    private static bool IsBelow(string text, string parent) =>
        text.StartsWith($"{parent}.", StringComparison.Ordinal);
}
