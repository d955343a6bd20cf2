using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>
/// Findings on the schema of a version: whether it is structural, then its defaults, what no schema may say, and its
/// rules.
/// </summary>
internal sealed class SchemaRules
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];
    private static readonly string[] Unsupported =
        ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

    private readonly FieldErrors _errors;
    private readonly HashSet<JsonSchema> _faulty = [];

    private SchemaRules(FieldErrors errors) => _errors = errors;

    /// <summary>What the schemas around one mean for it.</summary>
    /// <param name="IsRoot">It is of a whole object.</param>
    /// <param name="IsMetadata">It is of an object's type or metadata, or in them.</param>
    /// <param name="NoDefaults">Where no default may be; empty where one may.</param>
    private readonly record struct Place(bool IsRoot, bool IsMetadata, string NoDefaults)
    {
        public Place Property(string name, bool isOfResource)
        {
            var isMetadata = isOfResource && CustomObject.TypeAndMetadata.Contains(name);
            return new Place(
                false, IsMetadata || isMetadata, isMetadata && IsRoot ? $"in top-level {name}" : NoDefaults);
        }

        public Place Values() => new(
            false, IsMetadata,
            IsMetadata ? "inside additionalProperties applying to object metadata" : NoDefaults);

        public Place Same() => this with { IsRoot = false };
    }

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

        var (place, before) = (path.Child("openAPIV3Schema"), errors.Count);
        CheckRoot(schema, hasStatus, place, errors);
        var isExpressible = !schema.All().Any(IsInexpressible);
        var isStructural = isExpressible && IsStructural(schema, place, errors);
        var rules = new SchemaRules(errors);
        rules.Check(schema, place, new Place(IsRoot: true, IsMetadata: false, ""));
        if (isStructural)
        {
            RuleDefinitionChecks.Validate(schema, place, errors, rules._faulty);
        }
        else if (!isExpressible && errors.Count == before)
        {
            errors.Invalid(place, "", "OpenAPIV3Schema 'schema' is not supported");
        }
    }

    private static void CheckRoot(JsonSchema schema, bool hasStatus, FieldPath path, FieldErrors errors)
    {
        if (hasStatus && schema.Type.Length > 0 && schema.Type != "object")
        {
            errors.Invalid(
                path.Child("type"), schema.Type,
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is "
                + "enabled");
        }
        else if (hasStatus && InternalSchema.IsTooWideForRoot(schema))
        {
            errors.Invalid(path, InternalSchema.Show(schema.Json), InternalSchema.RootMessage);
        }

        if (schema.Nullable)
        {
            errors.Forbidden(path.Child("nullable"), "nullable cannot be true at the root");
        }
    }

    /// <summary>Findings on its form and, when there is none, on its defaults.</summary>
    private static bool IsStructural(JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var before = errors.Count;
        StructuralRules.Validate(schema, path, errors);
        if (errors.Count == before)
        {
            DefaultRules.Validate(schema, path, errors);
        }

        return errors.Count == before;
    }

    /// <summary>A structural schema could not even say it; it is not asked whether the rest is structural.</summary>
    private static bool IsInexpressible(JsonSchema schema) =>
        Unsupported.Any(k => IsUsed(schema, k)) || schema.Has("$schema") || schema.ItemList.Count > 0
        || schema.Is("x-kubernetes-preserve-unknown-fields", JsonValueKind.False);

    private static bool IsUsed(JsonSchema schema, string keyword) => keyword switch
    {
        "additionalItems" => schema.Has(keyword) || schema.Is(keyword, JsonValueKind.False),
        "patternProperties" => schema.PatternProperties.Count > 0,
        "definitions" => schema.Definitions.Count > 0,
        _ => schema.Has(keyword),
    };

    private void Check(JsonSchema schema, FieldPath path, Place place)
    {
        var before = _errors.Count;
        CheckKeywords(schema, path, place);
        if (schema.HasAdditional && schema.Properties.Count > 0
            && (schema.ForbidsAdditional || schema.AdditionalProperties is not null))
        {
            _errors.Forbidden(
                path.Child("additionalProperties"), "additionalProperties and properties are mutual exclusive");
        }

        CheckBelow(schema, path, place);
        if (schema.Is("x-kubernetes-preserve-unknown-fields", JsonValueKind.False))
        {
            _errors.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined");
        }

        ListTypeRules.Validate(schema, path, _errors);
        foreach (var (i, rule) in schema.Rules.Index())
        {
            RuleForm.Validate(rule, schema, path.Child("x-kubernetes-validations").Index(i), _errors);
        }

        if (_errors.Count != before)
        {
            _faulty.Add(schema);
        }
    }

    private void CheckKeywords(JsonSchema schema, FieldPath path, Place place)
    {
        if (schema.Type.Length > 0 && !Types.Contains(schema.Type))
        {
            _errors.NotSupported(path.Child("type"), schema.Type, Types);
        }

        if (schema.Default is not null && place.NoDefaults.Length > 0)
        {
            _errors.Forbidden(path.Child("default"), $"must not be set {place.NoDefaults}");
        }

        foreach (var keyword in Unsupported.Where(k => IsUsed(schema, k)))
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

        if (place.IsMetadata && schema.IsEmbedded)
        {
            _errors.Forbidden(
                path.Child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta");
        }

        if (schema.Is("uniqueItems", JsonValueKind.True))
        {
            _errors.Forbidden(
                path.Child("uniqueItems"),
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }
    }

    private void CheckBelow(JsonSchema schema, FieldPath path, Place place)
    {
        Visit(schema.AdditionalProperties, path.Child("additionalProperties"), place.Values());
        foreach (var (name, property) in schema.Properties)
        {
            Visit(
                property, path.Child("properties").Key(name),
                place.Property(name, place.IsRoot || schema.IsEmbedded));
        }

        Visit(schema.Not, path.Child("not"), place.Same());
        (string Keyword, IReadOnlyList<JsonSchema> Schemas)[] lists =
            [("allOf", schema.AllOf), ("oneOf", schema.OneOf), ("anyOf", schema.AnyOf)];
        foreach (var (keyword, schemas) in lists)
        {
            foreach (var (i, alternative) in schemas.Index())
            {
                Visit(alternative, path.Child(keyword).Index(i), place.Same());
            }
        }

        Visit(schema.Items, path.Child("items"), place.Same());
    }

    private void Visit(JsonSchema? schema, FieldPath path, Place place)
    {
        if (schema is not null)
        {
            Check(schema, path, place);
        }
    }
}
