using System.Text.Json;
using OrleansOrchestrator.Cel.Patterns;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>
/// Whether a schema is structural: it says the type of every field, and what stands below <c>allOf</c>, <c>anyOf</c>,
/// <c>oneOf</c> and <c>not</c> only restricts values of fields that are specified outside of them.
/// </summary>
internal sealed class StructuralRules
{
    /// <summary>What may not be said below a combination, and of what kind upstream says it must be.</summary>
    private static readonly (string Keyword, string MustBe)[] NotNested =
    [
        ("type", "empty"), ("additionalProperties", "undefined"), ("default", "undefined"), ("title", "empty"),
        ("description", "empty"), ("nullable", "false"),
        ("x-kubernetes-preserve-unknown-fields", "false"), ("x-kubernetes-embedded-resource", "false"),
        ("x-kubernetes-int-or-string", "false"), ("x-kubernetes-list-map-keys", "empty"),
        ("x-kubernetes-list-type", "undefined"), ("x-kubernetes-map-type", "undefined"),
        ("x-kubernetes-validations", "empty"),
    ];

    private readonly FieldErrors _errors = new();

    private StructuralRules()
    {
    }

    private enum Level
    {
        Root,
        Item,
        Field,
    }

    /// <summary>Findings, in the order of their texts.</summary>
    public static void Validate(JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var rules = new StructuralRules();
        rules.Check(schema, Level.Root, path);
        rules.CheckCovered(schema, schema, path, path);
        foreach (var error in rules._errors.All.OrderBy(e => $"{e.Field}: {e.Message}", StringComparer.Ordinal))
        {
            errors.Add(error);
        }
    }

    private void Check(JsonSchema schema, Level level, FieldPath path)
    {
        if (schema.Type == "array" && schema.Items is null)
        {
            _errors.Required(path.Child("items"), "must be specified");
        }

        if (schema.Items is { } items)
        {
            Check(items, Level.Item, path.Child("items"));
        }

        foreach (var (name, property) in schema.Properties)
        {
            Check(property, Level.Field, path.Child("properties").Key(name));
        }

        if (schema.HasAdditional && level == Level.Root)
        {
            _errors.Forbidden(path.Child("additionalProperties"), "must not be used at the root");
        }

        if (schema.AdditionalProperties is { } values)
        {
            Check(values, Level.Field, path.Child("additionalProperties"));
        }

        CheckExtensions(schema, path);
        CheckValues(
            schema, path, IsIntOrString(schema.AnyOf),
            schema.AllOf is [{ } first, ..] && IsIntOrString(first.AnyOf));
        CheckType(schema, level, path);
        CheckMetadata(schema, level, path);
    }

    private void CheckExtensions(JsonSchema schema, FieldPath path)
    {
        const string Message = "must be false if x-kubernetes-int-or-string is true";
        if (schema is { IsIntOrString: true, IsPreserving: true })
        {
            _errors.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), true, Message);
        }

        if (schema is { IsIntOrString: true, IsEmbedded: true })
        {
            _errors.Invalid(path.Child("x-kubernetes-embedded-resource"), true, Message);
        }

        if (schema is { IsEmbedded: true, HasAdditional: true })
        {
            _errors.Forbidden(
                path.Child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set");
        }

        if (schema is { IsEmbedded: true, IsPreserving: false, Properties.Count: 0 })
        {
            _errors.Required(
                path.Child("properties"),
                "must not be empty if x-kubernetes-embedded-resource is true without "
                + "x-kubernetes-preserve-unknown-fields");
        }
    }

    private void CheckType(JsonSchema schema, Level level, FieldPath path)
    {
        const string Embedded = "must be object if x-kubernetes-embedded-resource is true";
        var place = path.Child("type");
        if (schema.IsEmbedded && schema.Type.Length == 0)
        {
            _errors.Required(place, Embedded);
        }
        else if (schema.IsEmbedded && schema.Type != "object")
        {
            _errors.Invalid(place, schema.Type, Embedded);
        }
        else if (schema is { Type: "", IsIntOrString: false, IsPreserving: false })
        {
            _errors.Required(place, level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            });
        }

        if (level == Level.Root && schema.Type.Length > 0 && schema.Type != "object")
        {
            _errors.Invalid(place, schema.Type, "must be object at the root");
        }
    }

    private void CheckMetadata(JsonSchema schema, Level level, FieldPath path)
    {
        var isResource = level == Level.Root || schema.IsEmbedded;
        foreach (var name in new[] { "kind", "apiVersion" })
        {
            if (isResource && schema.Properties.TryGetValue(name, out var type) && type.Type != "string")
            {
                _errors.Invalid(path.Child("properties").Key(name).Child("type"), type.Type, "must be string");
            }
        }

        if (!schema.Properties.TryGetValue("metadata", out var metadata))
        {
            return;
        }

        var place = path.Child("properties").Key("metadata");
        if (isResource && metadata.Type != "object")
        {
            _errors.Invalid(place.Child("type"), metadata.Type, "must be object");
        }

        if (level == Level.Root && !RestrictsNamesOnly(metadata))
        {
            _errors.Forbidden(
                place,
                "must not specify anything other than name and generateName, but metadata is implicitly specified");
        }
    }

    private static bool RestrictsNamesOnly(JsonSchema metadata) =>
        metadata.Properties.Keys.All(static n => n is "name" or "generateName")
        && metadata.Json.EnumerateObject().All(static p =>
            p.Name is "type" or "properties" or "default" or "externalDocs" or "example");

    private void CheckValues(JsonSchema schema, FieldPath path, bool skipsAnyOf, bool skipsFirstAllOf)
    {
        foreach (var (i, nested) in schema.AnyOf.Index().Where(_ => !skipsAnyOf))
        {
            CheckNested(nested, path.Child("anyOf").Index(i));
        }

        foreach (var (i, nested) in schema.AllOf.Index())
        {
            CheckNested(nested, path.Child("allOf").Index(i), skipsFirstAllOf && i == 0);
        }

        foreach (var (i, nested) in schema.OneOf.Index())
        {
            CheckNested(nested, path.Child("oneOf").Index(i));
        }

        if (schema.Not is { } not)
        {
            CheckNested(not, path.Child("not"));
        }

        if (schema.Pattern.Length > 0 && Re2.Find(schema.Pattern, out var complaint) is null)
        {
            _errors.Invalid(
                path.Child("pattern"), schema.Pattern, $"must be a valid regular expression, but isn't: {complaint}");
        }
    }

    private void CheckNested(JsonSchema schema, FieldPath path, bool skipsAnyOf = false)
    {
        CheckValues(schema, path, skipsAnyOf, skipsFirstAllOf: false);
        if (schema.Items is { } items)
        {
            CheckNested(items, path.Child("items"));
        }

        foreach (var (name, property) in schema.Properties)
        {
            CheckNested(property, path.Child("properties").Key(name));
        }

        foreach (var (keyword, mustBe) in NotNested.Where(n => schema.Has(n.Keyword)))
        {
            _errors.Forbidden(path.Child(keyword), $"must be {mustBe} to be structural");
        }

        if (schema.Properties.ContainsKey("metadata"))
        {
            _errors.Forbidden(
                path.Child("properties").Key("metadata"), "must not be specified in a nested context");
        }
    }

    /// <summary>The one combination that may speak of types: a number or a text.</summary>
    private static bool IsIntOrString(IReadOnlyList<JsonSchema> anyOf) =>
        anyOf is [{ Type: "integer" } first, { Type: "string" } second] && IsBare(first.Json) && IsBare(second.Json);

    private static bool IsBare(JsonElement json) =>
        json.EnumerateObject().All(static p => p.Name is "type" or "externalDocs" or "example");

    /// <summary>What combinations at the root restrict must be specified outside of them, too.</summary>
    private void CheckCovered(JsonSchema schema, JsonSchema outer, FieldPath outerPath, FieldPath path)
    {
        if (schema.Not is { } not)
        {
            CheckNestedCovered(not, outer, outerPath, path.Child("not"));
        }

        (string Keyword, IReadOnlyList<JsonSchema> Schemas)[] lists =
            [("allOf", schema.AllOf), ("anyOf", schema.AnyOf), ("oneOf", schema.OneOf)];
        foreach (var (keyword, schemas) in lists)
        {
            foreach (var (i, nested) in schemas.Index())
            {
                CheckNestedCovered(nested, outer, outerPath, path.Child(keyword).Index(i));
            }
        }
    }

    private void CheckNestedCovered(JsonSchema nested, JsonSchema? outer, FieldPath outerPath, FieldPath path)
    {
        if (outer is null)
        {
            _errors.Required(outerPath, $"because it is defined in {path}");
            return;
        }

        CheckCovered(nested, outer, outerPath, path);
        if (nested.Items is { } items)
        {
            CheckNestedCovered(items, outer.Items, outerPath.Child("items"), path.Child("items"));
        }

        foreach (var (name, property) in nested.Properties)
        {
            CheckNestedCovered(
                property, outer.Properties.GetValueOrDefault(name), outerPath.Child("properties").Key(name),
                path.Child("properties").Key(name));
        }
    }
}
