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

    private string Quoted => GoText.Quote(_path.ToString());

    private void CheckCombined(JsonNode value, JsonSchema schema)
    {
        if (schema.AnyOf.Count > 0)
        {
            CheckAnyOf(Attempt(schema.AnyOf, value));
        }

        if (schema.OneOf.Count > 0)
        {
            CheckOneOf(Attempt(schema.OneOf, value));
        }

        if (schema.AllOf.Count > 0)
        {
            CheckAllOf(Attempt(schema.AllOf, value));
        }

        if (schema.Not is { } not && Attempt([not], value)[0].Fits)
        {
            Combined($"{Quoted} must not validate the schema (not)", null);
        }
    }

    private void CheckAnyOf(List<Attempted> attempts)
    {
        if (attempts.Find(static a => a.Fits) is { } fitting)
        {
            _matches += fitting.Matches;
        }
        else
        {
            Combined($"{Quoted} must validate at least one schema (anyOf)", attempts);
        }
    }

    private void CheckOneOf(List<Attempted> attempts)
    {
        var fitting = attempts.FindAll(static a => a.Fits);
        if (fitting is [var only])
        {
            _matches += only.Matches;
            return;
        }

        var how = fitting.Count == 0 ? "Found none valid" : $"Found {fitting.Count} valid alternatives";
        Combined(
            $"{Quoted} must validate one and only one schema (oneOf). {how}",
            fitting.Count == 0 ? attempts : null);
    }

    private void CheckAllOf(List<Attempted> attempts)
    {
        _matches += attempts.Sum(static a => a.Matches);
        var failing = attempts.FindAll(static a => !a.Fits);
        failing.ForEach(a => Merge(a.Found));
        if (failing.Count > 0)
        {
            var none = failing.Count == attempts.Count ? ". None validated" : "";
            Combined($"{Quoted} must validate all the schemas (allOf){none}", null);
        }
    }

    private List<Attempted> Attempt(IReadOnlyList<JsonSchema> schemas, JsonNode value)
    {
        var (here, attempts) = (_path.ToString(), new List<Attempted>(schemas.Count));
        foreach (var schema in schemas)
        {
            var found = new FieldErrors();
            var validator = new SchemaValidator(found, root, here);
            validator.Validate(value, schema);
            attempts.Add(new Attempted(found, validator._matches));
        }

        return attempts;
    }

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
            errors.Add(error);
        }
    }
}
