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

    public static void ValidateSelectable(V1CustomResourceDefinitionVersion version, FieldPath path, FieldErrors errors)
    {
        var schema = JsonSchema.Of(version.Schema);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, field) in (version.SelectableFields ?? []).Index())
        {
            var (place, text) = (path.Index(i).Child("jsonPath"), field.JsonPath ?? "");
            if (text.Length == 0)
            {
                errors.Required(place);
                continue;
            }

            if (Find(schema, text) is not { } found)
            {
                errors.Invalid(place, text, "is an invalid path: does not refer to a valid field");
                continue;
            }

            if (text.StartsWith(".metadata", StringComparison.Ordinal))
            {
                errors.Invalid(place, text, "must not point to fields in metadata");
            }

            if (found.Type is not ("string" or "boolean" or "integer"))
            {
                errors.Invalid(
                    place, text,
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with "
                    + "formats are allowed.");
            }

            if (!seen.Add(text))
            {
                errors.Duplicate(place, text);
            }
        }

        if (seen.Count > MaxSelectable)
        {
            errors.TooMany(path, seen.Count, MaxSelectable);
        }
    }

    private static JsonSchema? Find(JsonSchema? schema, string path) => path.StartsWith('.')
        ? path[1..].Split('.').Aggregate(schema, static (s, name) => s?.Properties.GetValueOrDefault(name))
        : null;

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
