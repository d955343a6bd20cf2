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
internal sealed class DefaultRules
{
    private readonly FieldErrors _errors;

    /// <summary>What the rules on the defaults that are still to come may cost.</summary>
    private RuleBudget _budget = RuleBudget.OfOneObject;

    private DefaultRules(FieldErrors errors) => _errors = errors;

    /// <param name="schema">The schema of a whole object.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(JsonSchema schema, FieldPath path, FieldErrors errors) =>
        new DefaultRules(errors).Visit(schema, path, new DefaultPlace(schema, IsMetadata: false, Steps: null));

    /// <summary>
    /// What values of a map are when none is given is not judged: upstream does not look there. Nor is any default once
    /// the rules on those before it have cost too much.
    /// </summary>
    private void Visit(JsonSchema schema, FieldPath path, DefaultPlace place)
    {
        if (_budget.IsOver)
        {
            return;
        }

        if (schema.IsEmbedded)
        {
            place = new DefaultPlace(schema, IsMetadata: false, Steps: null);
        }

        if (schema.Default is { } given)
        {
            CheckDefault(schema, given, path.Child("default"), place);
        }

        if (schema.Items is { } items)
        {
            Visit(items, path.Child("items"), place.Item());
        }

        foreach (var (name, property) in schema.Properties)
        {
            Visit(property, path.Child("properties").Key(name), place.Field(name));
        }
    }

    private void CheckDefault(JsonSchema schema, JsonElement given, FieldPath path, DefaultPlace place)
    {
        var value = JsonTree.Copy(given);
        if (!place.IsMetadata && SchemaPruning.PruneValue(value?.DeepClone(), schema).Count > 0)
        {
            _errors.Invalid(path, given, "must not have unknown fields");
        }

        var before = _errors.Count;
        if (place.IsMetadata)
        {
            CheckMetadata(given, path, place, _errors);
        }
        else
        {
            CheckEmbedded(value, schema, path, _errors);
        }

        if (_errors.Count == before)
        {
            new SchemaValidator(_errors, path).Validate(value, schema);
        }

        if (_errors.Count == before && value is not null)
        {
            CheckRules(value, schema, path, isRoot: ReferenceEquals(schema, place.Root));
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
    private void CheckRules(JsonNode value, JsonSchema schema, FieldPath path, bool isRoot)
    {
        if (RuleTree.Of(schema, isRoot) is not { } rules)
        {
            return;
        }

        var (json, before, budget) = (JsonTree.ToBytes(value), _errors.Count, _budget);
        _budget = rules.Validate(json, json, _errors, path, ratchets: false, budget);
        if (_errors.Count == before)
        {
            _budget = _budget.Least(rules.Validate(json, null, _errors, path, ratchets: false, budget));
        }
    }
}
