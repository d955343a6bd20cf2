using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>Findings on defaults: one must have no unknown fields, and fit its own schema as it is.</summary>
internal static class DefaultRules
{
    /// <param name="schema">The schema of a whole object.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(JsonSchema schema, FieldPath path, FieldErrors errors) =>
        Visit(schema, path, isResource: true, isMetadata: false, errors);

    /// <summary>What values of a map are when none is given is not judged: upstream does not look there.</summary>
    private static void Visit(
        JsonSchema schema, FieldPath path, bool isResource, bool isMetadata, FieldErrors errors)
    {
        if (schema.Default is { } given)
        {
            CheckDefault(schema, given, path.Child("default"), isMetadata, errors);
        }

        if (schema.Items is { } items)
        {
            Visit(items, path.Child("items"), items.IsEmbedded, isMetadata && !items.IsEmbedded, errors);
        }

        foreach (var (name, property) in schema.Properties)
        {
            var isOfMetadata = isMetadata || (isResource && CustomObject.TypeAndMetadata.Contains(name));
            Visit(
                property, path.Child("properties").Key(name), property.IsEmbedded,
                isOfMetadata && !property.IsEmbedded, errors);
        }
    }

    private static void CheckDefault(
        JsonSchema schema, JsonElement given, FieldPath path, bool isMetadata, FieldErrors errors)
    {
        var value = JsonTree.Copy(given);
        if (!isMetadata && SchemaPruning.PruneValue(value?.DeepClone(), schema).Count > 0)
        {
            errors.Invalid(path, given, "must not have unknown fields");
        }

        var before = errors.Count;
        if (!isMetadata)
        {
            EmbeddedObjects.Validate(value, schema, path, errors);
        }

        if (errors.Count == before)
        {
            new SchemaValidator(errors, path).Validate(value, schema);
        }

        if (errors.Count == before && value is not null)
        {
            RuleTree.Of(schema, schema.IsEmbedded)?.Validate(value, value, errors, path, ratchets: false);
        }
    }
}
