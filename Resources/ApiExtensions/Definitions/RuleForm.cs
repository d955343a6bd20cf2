using System.Text.Json;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>What is wrong with a validation rule whatever its expressions say.</summary>
internal static class RuleForm
{
    private static readonly string[] Reasons =
        ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    /// <param name="rule">As it is published.</param>
    /// <param name="schema">What it is on.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(JsonElement rule, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        CheckMessage(rule, path, errors);
        if (IsBlank(Text(rule, "messageExpression")))
        {
            errors.Required(path.Child("messageExpression"), "messageExpression must be non-empty if specified");
        }

        var reason = Text(rule, "reason");
        if (reason.Length > 0 && !Reasons.Contains(reason))
        {
            errors.NotSupported(path.Child("reason"), reason, Reasons);
        }

        CheckFieldPath(rule, schema, path, errors);
    }

    private static void CheckMessage(JsonElement rule, FieldPath path, FieldErrors errors)
    {
        var (text, message) = (Text(rule, "rule").Trim(), Text(rule, "message"));
        if (text.Length == 0)
        {
            errors.Required(path.Child("rule"), "rule is not specified");
        }
        else if (IsBlank(message))
        {
            errors.Invalid(path.Child("message"), message, "must be non-empty if specified");
        }
        else if (HasLineBreaks(message.Trim()))
        {
            errors.Invalid(path.Child("message"), message, "must not contain line breaks");
        }
        else if (HasLineBreaks(text) && message.Length == 0)
        {
            errors.Required(path.Child("message"), "message must be specified if rule contains line breaks");
        }
    }

    private static void CheckFieldPath(JsonElement rule, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var (place, fieldPath) = (path.Child("fieldPath"), Text(rule, "fieldPath"));
        if (IsBlank(fieldPath))
        {
            errors.Invalid(place, fieldPath, "must be non-empty if specified");
        }

        if (HasLineBreaks(fieldPath))
        {
            errors.Invalid(place, fieldPath, "must not contain line breaks");
        }

        if (fieldPath.Length > 0 && RulePathStep.Parse(fieldPath, schema) is null)
        {
            errors.Invalid(place, fieldPath, "must be a valid path");
        }
    }

    private static bool IsBlank(string text) => text.Length > 0 && text.Trim().Length == 0;

    private static bool HasLineBreaks(string text) => text.AsSpan().IndexOfAny('\n', '\r') >= 0;

    private static string Text(JsonElement rule, string field) => CompiledRule.Read(rule, field);
}
