using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <content>
/// Combinations of schemas: <c>anyOf</c>, <c>oneOf</c>, <c>allOf</c> and <c>not</c>. In them, what an update left alone
/// is held against it as anything else is.
/// </content>
public sealed partial class SchemaValidator
{
    /// <summary>What became of an alternative.</summary>
    private sealed record Attempted(FieldErrors Found, int Matches)
    {
        public bool Fits => Found.Count == 0;
    }

    private void CheckCombined(JsonNode value, JsonSchema schema, string path)
    {
        if (schema.AnyOf.Count > 0)
        {
            CheckAnyOf(Attempt(schema.AnyOf, value, path), path);
        }

        if (schema.OneOf.Count > 0)
        {
            CheckOneOf(Attempt(schema.OneOf, value, path), path);
        }

        if (schema.AllOf.Count > 0)
        {
            CheckAllOf(Attempt(schema.AllOf, value, path), path);
        }

        if (schema.Not is { } not && Attempt([not], value, path)[0].Fits)
        {
            Combined($"{GoText.Quote(path)} must not validate the schema (not)", null);
        }
    }

    private void CheckAnyOf(List<Attempted> attempts, string path)
    {
        if (attempts.Find(static a => a.Fits) is { } fitting)
        {
            _matches += fitting.Matches;
        }
        else
        {
            Combined($"{GoText.Quote(path)} must validate at least one schema (anyOf)", attempts);
        }
    }

    private void CheckOneOf(List<Attempted> attempts, string path)
    {
        var fitting = attempts.FindAll(static a => a.Fits);
        if (fitting is [var only])
        {
            _matches += only.Matches;
            return;
        }

        var how = fitting.Count == 0 ? "Found none valid" : $"Found {fitting.Count} valid alternatives";
        Combined(
            $"{GoText.Quote(path)} must validate one and only one schema (oneOf). {how}",
            fitting.Count == 0 ? attempts : null);
    }

    private void CheckAllOf(List<Attempted> attempts, string path)
    {
        _matches += attempts.Sum(static a => a.Matches);
        var failing = attempts.FindAll(static a => !a.Fits);
        failing.ForEach(a => Merge(a.Found));
        if (failing.Count > 0)
        {
            var none = failing.Count == attempts.Count ? ". None validated" : "";
            Combined($"{GoText.Quote(path)} must validate all the schemas (allOf){none}", null);
        }
    }

    private List<Attempted> Attempt(IEnumerable<JsonSchema> schemas, JsonNode value, string path) =>
    [
        .. schemas.Select(s =>
        {
            var found = new FieldErrors();
            var validator = new SchemaValidator(found, root);
            validator.Validate(value, s, path);
            return new Attempted(found, validator._matches);
        }),
    ];

    /// <summary>A finding that names no field, and what kept the alternative that came nearest from fitting.</summary>
    private void Combined(string message, List<Attempted>? attempts)
    {
        errors.Invalid(Whole, "", message);
        if (attempts?.MaxBy(static a => a.Matches) is { } nearest)
        {
            _matches += nearest.Matches;
            Merge(nearest.Found);
        }
    }

    private void Merge(FieldErrors found)
    {
        foreach (var error in found.All)
        {
            errors.Add(error.Reason, FieldPath.Of(error.Field), error.Message);
        }
    }
}
