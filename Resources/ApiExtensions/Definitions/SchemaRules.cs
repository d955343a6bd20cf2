using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using k8s.Models;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>
/// Findings on the schema of a version: what no schema may say, then whether it is structural, then its defaults.
/// </summary>
internal sealed class SchemaRules
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];
    private static readonly string[] MapTypes = ["atomic", "granular"];
    private static readonly string[] ListTypes = ["atomic", "set", "map"];
    private static readonly string[] Unsupported =
        ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

    private readonly FieldErrors _errors;

    private SchemaRules(FieldErrors errors) => _errors = errors;

    /// <param name="validation">The schema of a version, or of all.</param>
    /// <param name="hasStatus">There is a status subresource.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(
        V1CustomResourceValidation? validation, bool hasStatus, FieldPath path, FieldErrors errors)
    {
        if (JsonSchema.Of(validation) is not { } schema)
        {
            return;
        }

        var place = path.Child("openAPIV3Schema");
        if (hasStatus && schema.Type.Length > 0 && schema.Type != "object")
        {
            errors.Invalid(
                place.Child("type"), schema.Type,
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is "
                + "enabled");
        }

        if (schema.Nullable)
        {
            errors.Forbidden(place.Child("nullable"), "nullable cannot be true at the root");
        }

        var rules = new SchemaRules(errors);
        rules.Check(schema, place, isRoot: true, "");
        if (schema.All().Any(s => Unsupported.Any(s.Has) || s.ItemList.Count > 0))
        {
            return;
        }

        var before = errors.Count;
        StructuralRules.Validate(schema, place, errors);
        if (errors.Count == before)
        {
            rules.CheckDefaults(schema, place);
            RuleDefinitionChecks.Validate(schema, place, errors);
        }
    }

    private void Check(JsonSchema schema, FieldPath path, bool isRoot, string noDefaults)
    {
        CheckKeywords(schema, path, noDefaults);
        if (schema.HasAdditional && schema.Properties.Count > 0
            && (schema.ForbidsAdditional || schema.AdditionalProperties is not null))
        {
            _errors.Forbidden(
                path.Child("additionalProperties"), "additionalProperties and properties are mutual exclusive");
        }

        CheckBelow(schema, path, isRoot, noDefaults);
        if (schema.Is("x-kubernetes-preserve-unknown-fields", JsonValueKind.False))
        {
            _errors.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined");
        }

        CheckMapType(schema, path);
        CheckListType(schema, path);
        CheckRules(schema, path);
    }

    private void CheckKeywords(JsonSchema schema, FieldPath path, string noDefaults)
    {
        if (schema.Type.Length > 0 && !Types.Contains(schema.Type))
        {
            _errors.NotSupported(path.Child("type"), schema.Type, Types);
        }

        if (schema.Default is not null && noDefaults.Length > 0)
        {
            _errors.Forbidden(path.Child("default"), $"must not be set {noDefaults}");
        }

        foreach (var keyword in Unsupported.Where(schema.Has))
        {
            _errors.Forbidden(path.Child(keyword), $"{keyword} is not supported");
        }

        if (schema.Type == "null")
        {
            _errors.Forbidden(path.Child("type"), "type cannot be set to null, use nullable as an alternative");
        }

        if (schema.ItemList.Count > 0)
        {
            _errors.Forbidden(path.Child("items"), "items must be a schema object and not an array");
        }

        if (schema.Is("uniqueItems", JsonValueKind.True))
        {
            _errors.Forbidden(
                path.Child("uniqueItems"),
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }
    }

    private void CheckBelow(JsonSchema schema, FieldPath path, bool isRoot, string noDefaults)
    {
        Visit(schema.AdditionalProperties, path.Child("additionalProperties"), noDefaults);
        foreach (var (name, property) in schema.Properties)
        {
            var reason = isRoot && name == "metadata" ? "in top-level metadata" : noDefaults;
            Visit(property, path.Child("properties").Key(name), reason);
        }

        Visit(schema.Not, path.Child("not"), noDefaults);
        (string Keyword, IReadOnlyList<JsonSchema> Schemas)[] lists =
            [("allOf", schema.AllOf), ("oneOf", schema.OneOf), ("anyOf", schema.AnyOf)];
        foreach (var (keyword, schemas) in lists)
        {
            foreach (var (i, alternative) in schemas.Index())
            {
                Visit(alternative, path.Child(keyword).Index(i), noDefaults);
            }
        }

        Visit(schema.Items, path.Child("items"), noDefaults);
    }

    private void Visit(JsonSchema? schema, FieldPath path, string noDefaults)
    {
        if (schema is not null)
        {
            Check(schema, path, isRoot: false, noDefaults);
        }
    }

    private void CheckMapType(JsonSchema schema, FieldPath path)
    {
        if (schema.MapType is not { } type)
        {
            return;
        }

        MustBe(schema.Type, "object", path.Child("type"), "must be object if x-kubernetes-map-type is specified");
        if (!MapTypes.Contains(type))
        {
            _errors.NotSupported(path.Child("x-kubernetes-map-type"), type, MapTypes);
        }
    }

    private void CheckListType(JsonSchema schema, FieldPath path)
    {
        var (listType, keysPath) = (path.Child("x-kubernetes-list-type"), path.Child("x-kubernetes-list-map-keys"));
        if (schema.ListType is { } type)
        {
            MustBe(schema.Type, "array", path.Child("type"), "must be array if x-kubernetes-list-type is specified");
            if (!ListTypes.Contains(type))
            {
                _errors.NotSupported(listType, type, ListTypes);
            }
        }

        if (schema.ListMapKeys.Count > 0)
        {
            MustBe(
                schema.ListType ?? "", "map", listType, "must be map if x-kubernetes-list-map-keys is non-empty");
        }

        switch (schema.ListType)
        {
            case "map":
                CheckKeys(schema, path, keysPath);
                CheckKeyedItems(schema, path);
                break;
            case "set" when schema.Items is { } items:
                CheckSet(items, path.Child("items"));
                break;
        }
    }

    private void MustBe(string actual, string wanted, FieldPath path, string message)
    {
        if (actual.Length == 0)
        {
            _errors.Required(path, message);
        }
        else if (actual != wanted)
        {
            _errors.Invalid(path, actual, message);
        }
    }

    private void CheckKeys(JsonSchema schema, FieldPath path, FieldPath keysPath)
    {
        if (schema.ListMapKeys.Count == 0)
        {
            _errors.Required(keysPath, "must not be empty if x-kubernetes-list-type is map");
        }

        if (schema.Items is not { } items)
        {
            _errors.Required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map");
            return;
        }

        if (items.Type != "object")
        {
            _errors.Invalid(
                path.Child("items", "type"), items.Type,
                "must be object if parent array's x-kubernetes-list-type is map");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in schema.ListMapKeys)
        {
            if (!items.Properties.TryGetValue(key, out var property))
            {
                _errors.Invalid(keysPath, schema.ListMapKeys, "entries must all be names of item properties");
            }
            else if (property.Type is "array" or "object")
            {
                _errors.Invalid(
                    path.Child("items", "properties").Key(key).Child("type"), items.Type,
                    "must be a scalar type if parent array's x-kubernetes-list-type is map");
            }

            if (!seen.Add(key))
            {
                _errors.Invalid(keysPath, schema.ListMapKeys, "must not contain duplicate entries");
            }
        }
    }

    private void CheckKeyedItems(JsonSchema schema, FieldPath path)
    {
        if (schema.Items is not { } items)
        {
            return;
        }

        CheckNotNullable(items, path.Child("items"), "map");
        foreach (var key in schema.ListMapKeys)
        {
            if (!items.Properties.TryGetValue(key, out var property))
            {
                continue;
            }

            var place = path.Child("items", "properties").Key(key);
            if (!items.Required.Contains(key) && property.Default is null)
            {
                _errors.Required(
                    place.Child("default"),
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required "
                    + "property");
            }

            if (property.Nullable)
            {
                _errors.Forbidden(
                    place.Child("nullable"),
                    "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
            }
        }
    }

    private void CheckSet(JsonSchema items, FieldPath path)
    {
        CheckNotNullable(items, path, "set");
        const string Message = "must be atomic as item of a list with x-kubernetes-list-type=set";
        if (items.Type == "array" && items.ListType is not (null or "atomic"))
        {
            _errors.Invalid(path.Child("x-kubernetes-list-type"), items.ListType, Message);
        }

        if (items.Type == "object" && items.MapType != "atomic")
        {
            _errors.Invalid(path.Child("x-kubernetes-map-type"), items.MapType, Message);
        }
    }

    private void CheckNotNullable(JsonSchema items, FieldPath path, string listType)
    {
        if (items.Nullable)
        {
            _errors.Forbidden(
                path.Child("nullable"), $"cannot be nullable when x-kubernetes-list-type is {listType}");
        }
    }

    private void CheckRules(JsonSchema schema, FieldPath path)
    {
        var place = path.Child("x-kubernetes-validations");
        foreach (var (i, rule) in schema.Rules.Index())
        {
            RuleForm.Validate(rule, schema, place.Index(i), _errors);
        }
    }

    /// <summary>A default must be complete, and fit its own schema.</summary>
    private void CheckDefaults(JsonSchema schema, FieldPath path)
    {
        if (schema.Default is { } given)
        {
            var value = JsonTree.Copy(given);
            var place = path.Child("default");
            if (value is JsonObject body && SchemaPruning.Prune((JsonObject)body.DeepClone(), schema).Count > 0)
            {
                _errors.Invalid(place, given, "must not have unknown fields");
                return;
            }

            SchemaDefaults.Apply(value, schema);
            new SchemaValidator(_errors, place).Validate(value, schema);
            return;
        }

        foreach (var (name, property) in schema.Properties)
        {
            CheckDefaults(property, path.Child("properties").Key(name));
        }

        if (schema.Items is { } items)
        {
            CheckDefaults(items, path.Child("items"));
        }

        if (schema.AdditionalProperties is { } values)
        {
            CheckDefaults(values, path.Child("additionalProperties"));
        }
    }
}
