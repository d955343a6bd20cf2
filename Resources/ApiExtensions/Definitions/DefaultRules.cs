using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>
/// Findings on defaults: one must have no unknown fields, and fit its own schema as it is. One within metadata must
/// make good metadata of an object that has nothing but it.
/// </summary>
internal static class DefaultRules
{
    /// <param name="schema">The schema of a whole object.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(JsonSchema schema, FieldPath path, FieldErrors errors) =>
        Visit(schema, path, new DefaultPlace(schema, IsMetadata: false, Steps: null), errors);

    /// <summary>What values of a map are when none is given is not judged: upstream does not look there.</summary>
    private static void Visit(JsonSchema schema, FieldPath path, DefaultPlace place, FieldErrors errors)
    {
        if (schema.IsEmbedded)
        {
            place = new DefaultPlace(schema, IsMetadata: false, Steps: null);
        }

        if (schema.Default is { } given)
        {
            CheckDefault(schema, given, path.Child("default"), place, errors);
        }

        if (schema.Items is { } items)
        {
            Visit(items, path.Child("items"), place.Item(), errors);
        }

        foreach (var (name, property) in schema.Properties)
        {
            Visit(property, path.Child("properties").Key(name), place.Field(name), errors);
        }
    }

    private static void CheckDefault(
        JsonSchema schema, JsonElement given, FieldPath path, DefaultPlace place, FieldErrors errors)
    {
        var value = JsonTree.Copy(given);
        if (!place.IsMetadata && SchemaPruning.PruneValue(value?.DeepClone(), schema).Count > 0)
        {
            errors.Invalid(path, given, "must not have unknown fields");
        }

        var before = errors.Count;
        if (place.IsMetadata)
        {
            CheckMetadata(given, path, place, errors);
        }
        else
        {
            CheckEmbedded(value, schema, path, errors);
        }

        if (errors.Count == before)
        {
            new SchemaValidator(errors, path).Validate(value, schema);
        }

        if (errors.Count == before && value is not null)
        {
            CheckRules(value, schema, path, errors);
        }
    }

    /// <summary>The first that has another type is told; what it is like, when all have theirs.</summary>
    private static void CheckEmbedded(JsonNode? value, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var found = new FieldErrors();
        EmbeddedMetadata.Coerce(value, schema, path, found);
        if (found.All is [var first, ..])
        {
            errors.Add(first);
            return;
        }

        EmbeddedObjects.Validate(value, schema, path, errors);
    }

    private static void CheckMetadata(JsonElement given, FieldPath path, DefaultPlace place, FieldErrors errors)
    {
        var (whole, found) = (place.Around(JsonTree.Copy(given)), new FieldErrors());
        EmbeddedMetadata.CoerceWhole(whole, place.Root, found);
        if (found.All is [var first, ..])
        {
            Refuse($"{first.Field}: {first.Message}");
            return;
        }

        EmbeddedObjects.ValidateWhole(whole, place.Root, found);
        if (found.Count > 0)
        {
            Refuse(found.ToText());
        }

        void Refuse(string why) => errors.Invalid(path, given, $"must result in valid metadata: {why}");
    }

    /// <summary>A default comes to objects that had it before, and to those that had nothing there.</summary>
    private static void CheckRules(JsonNode value, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        if (RuleTree.Of(schema, schema.IsEmbedded) is not { } rules)
        {
            return;
        }

        var (json, before) = (JsonTree.ToBytes(value), errors.Count);
        rules.Validate(json, json, errors, path, ratchets: false);
        if (errors.Count == before)
        {
            rules.Validate(json, null, errors, path, ratchets: false);
        }
    }
}
