using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>Findings on what a custom object shows as its scale.</summary>
internal static class ScaleRules
{
    /// <param name="paths">Where it is.</param>
    /// <param name="item">The object, without type and metadata.</param>
    /// <param name="isStatus">Only its status is written.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(ScalePaths paths, JsonObject item, bool isStatus, FieldErrors errors)
    {
        if (!isStatus)
        {
            ValidateCount(item, paths.Replicas, errors);
        }

        ValidateCount(item, paths.Actual, errors);
        if (paths.Selector.Length > 0)
        {
            ValidateSelector(item, paths.Selector, errors);
        }
    }

    private static void ValidateSelector(JsonObject item, string path, FieldErrors errors)
    {
        var (found, complaint) = Find(item, path, out var value);
        if (found && value?.GetValueKind() != JsonValueKind.String)
        {
            complaint = WrongType(path, value, "string");
        }

        if (complaint is not null)
        {
            errors.Invalid(FieldPath.Of($".{path}"), "", complaint);
        }
    }

    private static void ValidateCount(JsonObject item, string path, FieldErrors errors)
    {
        var place = FieldPath.Of($".{path}");
        var (found, complaint) = Find(item, path, out var value);
        var count = 0L;
        if (found && (value is not JsonValue number || !number.TryGetValue(out count)))
        {
            complaint = WrongType(path, value, "int64");
        }

        if (complaint is not null)
        {
            errors.Invalid(place, 0L, complaint);
        }
        else if (count < 0)
        {
            errors.Invalid(place, count, "should be a non-negative integer");
        }
        else if (count > int.MaxValue)
        {
            errors.Invalid(place, count, $"should be less than or equal to {int.MaxValue}");
        }
    }

    /// <summary>Whether there is something, even null; what is on the way there must be objects.</summary>
    private static (bool Found, string? Complaint) Find(JsonObject item, string path, out JsonNode? value)
    {
        var names = path.Split('.');
        value = item;
        foreach (var (i, name) in names.Index())
        {
            if (value is null)
            {
                return (false, null);
            }

            if (value is not JsonObject map)
            {
                return (false, WrongType(string.Join('.', names[..(i + 1)]), value, "map[string]interface{}"));
            }

            if (!map.TryGetPropertyValue(name, out value))
            {
                return (false, null);
            }
        }

        return (true, null);
    }

    private static string WrongType(string path, JsonNode? value, string wanted) =>
        $".{path} accessor error: {GoValues.Plain(value)} is of the type "
        + $"{(value is null ? "<nil>" : GoValues.TypeOf(value))}, expected {wanted}";
}
