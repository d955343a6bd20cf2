using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>How rules that are not kept are told of.</summary>
internal static class RuleFindings
{
    /// <param name="errors">Takes the finding.</param>
    /// <param name="rule">It is not kept.</param>
    /// <param name="message">What its message expression says; null for none.</param>
    /// <param name="value">By which it is not kept.</param>
    /// <param name="path">Where that is; null for a whole object.</param>
    public static void Report(
        FieldErrors errors, CompiledRule rule, string? message, JsonElement value, FieldPath? path)
    {
        var detail = message ?? (rule.Message.Length > 0 ? rule.Message : $"failed rule: {rule.Text}");
        var place = rule.PlaceOf(path);
        switch (rule.Reason)
        {
            case "FieldValueForbidden":
                errors.Forbidden(place, detail);
                break;
            case "FieldValueRequired":
                errors.Required(place, detail);
                break;
            case "FieldValueDuplicate":
                errors.Duplicate(place, Shown(value));
                break;
            default:
                Invalid(errors, value, place, detail);
                break;
        }
    }

    /// <summary>Scalars are quoted, objects and lists are not.</summary>
    public static void Invalid(FieldErrors errors, JsonElement value, FieldPath? path, string detail)
    {
        if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        {
            errors.Invalid(path ?? FieldPath.Nowhere, detail);
        }
        else
        {
            errors.Invalid(path ?? FieldPath.Nowhere, Shown(value), detail);
        }
    }

    private static object Shown(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : new RawJson(value.GetRawText());
}
