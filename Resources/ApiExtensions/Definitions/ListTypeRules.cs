using System.Text.Json;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>Findings on what a schema says of the kind of its list or map.</summary>
internal static class ListTypeRules
{
    private static readonly string[] MapTypes = ["atomic", "granular"];
    private static readonly string[] ListTypes = ["atomic", "set", "map"];

    /// <param name="schema">Of a list, a map or anything.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        if (schema.MapType is { } mapType)
        {
            MustBe(
                schema.Type, "object", path.Child("type"), "must be object if x-kubernetes-map-type is specified",
                errors);
            OneOf(mapType, MapTypes, path.Child("x-kubernetes-map-type"), errors);
        }

        if (schema.ListType is { } listType)
        {
            MustBe(
                schema.Type, "array", path.Child("type"), "must be array if x-kubernetes-list-type is specified",
                errors);
            if (schema is { Type: "array", ListType: "set", Items: { } elements })
            {
                CheckSet(elements, path.Child("items"), errors);
            }

            OneOf(listType, ListTypes, path.Child("x-kubernetes-list-type"), errors);
        }

        if (schema.ListMapKeys.Count > 0)
        {
            MustBe(
                schema.ListType ?? "", "map", path.Child("x-kubernetes-list-type"),
                "must be map if x-kubernetes-list-map-keys is non-empty", errors);
        }

        if (schema.ListType == "map")
        {
            CheckKeys(schema, path, errors);
        }

        if (schema is { ListType: "set" or "map", Items: { } items })
        {
            CheckItems(schema, items, path.Child("items"), errors);
        }
    }

    private static void MustBe(string actual, string wanted, FieldPath path, string message, FieldErrors errors)
    {
        if (actual.Length == 0)
        {
            errors.Required(path, message);
        }
        else if (actual != wanted)
        {
            errors.Invalid(path, actual, message);
        }
    }

    private static void OneOf(string actual, string[] wanted, FieldPath path, FieldErrors errors)
    {
        if (!wanted.Contains(actual))
        {
            errors.NotSupported(path, actual, wanted);
        }
    }

    private static void CheckSet(JsonSchema items, FieldPath path, FieldErrors errors)
    {
        const string Message = "must be atomic as item of a list with x-kubernetes-list-type=set";
        if (items.Type == "array" && items.ListType is not (null or "atomic"))
        {
            errors.Invalid(path.Child("x-kubernetes-list-type"), items.ListType, Message);
        }

        if (items.Type == "object" && items.MapType != "atomic")
        {
            // Upstream shows the kind of the list here, too.
            errors.Invalid(path.Child("x-kubernetes-map-type"), items.ListType, Message);
        }
    }

    private static void CheckKeys(JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var keysPath = path.Child("x-kubernetes-list-map-keys");
        if (schema.ListMapKeys.Count == 0)
        {
            errors.Required(keysPath, "must not be empty if x-kubernetes-list-type is map");
        }

        switch (schema.Items)
        {
            case null when schema.Is("items", JsonValueKind.Array):
                errors.Invalid(
                    path.Child("items"), InternalSchema.ShowItems(schema.Json),
                    "must only have a single schema if x-kubernetes-list-type is map");
                break;
            case null:
                errors.Required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map");
                break;
            case { Type: not "object" } items:
                errors.Invalid(
                    path.Child("items", "type"), items.Type,
                    "must be object if parent array's x-kubernetes-list-type is map");
                break;
            case { } items:
                CheckKeyTypes(schema, items, path, errors);
                break;
        }
    }

    private static void CheckKeyTypes(JsonSchema schema, JsonSchema items, FieldPath path, FieldErrors errors)
    {
        var keysPath = path.Child("x-kubernetes-list-map-keys");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in schema.ListMapKeys)
        {
            if (!items.Properties.TryGetValue(key, out var property))
            {
                errors.Invalid(keysPath, schema.ListMapKeys, "entries must all be names of item properties");
            }
            else if (property.Type is "array" or "object")
            {
                errors.Invalid(
                    path.Child("items", "properties").Key(key).Child("type"), items.Type,
                    "must be a scalar type if parent array's x-kubernetes-list-type is map");
            }

            if (!seen.Add(key))
            {
                errors.Invalid(keysPath, schema.ListMapKeys, "must not contain duplicate entries");
            }
        }
    }

    private static void CheckItems(JsonSchema schema, JsonSchema items, FieldPath path, FieldErrors errors)
    {
        if (items.Nullable)
        {
            errors.Forbidden(
                path.Child("nullable"), $"cannot be nullable when x-kubernetes-list-type is {schema.ListType}");
        }

        foreach (var key in schema.ListMapKeys.Where(_ => schema.ListType == "map"))
        {
            if (!items.Properties.TryGetValue(key, out var property))
            {
                continue;
            }

            var place = path.Child("properties").Key(key);
            if (!items.Required.Contains(key) && property.Default is null)
            {
                errors.Required(
                    place.Child("default"),
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required "
                    + "property");
            }

            if (property.Nullable)
            {
                errors.Forbidden(
                    place.Child("nullable"),
                    "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
            }
        }
    }
}
