using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <content>Bounds and factors of numbers.</content>
public sealed partial class SchemaValidator
{
    private void CheckNumber(JsonNode value, JsonSchema schema)
    {
        var isWhole = value.AsValue().TryGetValue<long>(out var whole);
        var number = isWhole ? whole : value.GetValue<double>();
        FitsType(number, "Checked", schema);

        // Of a factor below one there is no whole part to divide by.
        if (BoundOf(schema.MultipleOf, "MultipleOf", isWhole && schema.MultipleOf >= 1, schema) is { } factor
            && !NumberRules.IsMultiple(number, factor.Value))
        {
            Invalid(Shown(value), $"should be a multiple of {factor.Text}");
        }

        if (BoundOf(schema.Minimum, "Minimum boundary", isWhole, schema) is { } min
            && (schema.ExcludesMinimum ? number <= min.Value : number < min.Value))
        {
            Invalid(
                Shown(value), $"should be greater than {(schema.ExcludesMinimum ? "" : "or equal to ")}{min.Text}");
        }

        if (BoundOf(schema.Maximum, "Maximum boundary", isWhole, schema) is { } max
            && (schema.ExcludesMaximum ? number >= max.Value : number > max.Value))
        {
            Invalid(
                Shown(value), $"should be less than {(schema.ExcludesMaximum ? "" : "or equal to ")}{max.Text}");
        }
    }

    /// <summary>What a number is measured by; a bound that the type could not have is complained of, too.</summary>
    private NumberBound? BoundOf(double? given, string what, bool isWhole, JsonSchema schema) =>
        given is { } bound ? NumberRules.Bound(bound, FitsType(bound, what, schema) && isWhole) : null;

    /// <summary>Formats of numbers are not upstream's concern in definitions.</summary>
    private bool FitsType(double number, string what, JsonSchema schema)
    {
        if (schema.Type != "integer" || NumberRules.IsInteger(number))
        {
            return true;
        }

        errors.Invalid(Whole, "", $"{what} value must be of type integer (default format) in {_path}");
        return false;
    }
}
