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
        if (Text(rule, "rule").Trim().Length == 0)
        {
            errors.Required(path.Child("rule"), "rule is not specified");
        }

        var message = Text(rule, "message");
        if (message.Length > 0 && message.Trim().Length == 0)
        {
            errors.Invalid(path.Child("message"), message, "message must be non-empty if specified");
        }
        else if (message.Contains('\n', StringComparison.Ordinal))
        {
            errors.Invalid(path.Child("message"), message, "must not contain line breaks");
        }
        else if (message.Length == 0 && Text(rule, "rule").Contains('\n', StringComparison.Ordinal))
        {
            errors.Required(path.Child("message"), "message must be specified if rule contains line breaks");
        }

        var reason = Text(rule, "reason");
        if (reason.Length > 0 && !Reasons.Contains(reason))
        {
            errors.NotSupported(path.Child("reason"), reason, Reasons);
        }

        CheckMessageExpression(rule, path, errors);
        CheckFieldPath(rule, schema, path, errors);
    }

    private static void CheckMessageExpression(JsonElement rule, FieldPath path, FieldErrors errors)
    {
        var expression = Text(rule, "messageExpression");
        if (expression.Length > 0 && expression.Trim().Length == 0)
        {
            errors.Required(path.Child("messageExpression"), "must be non-empty if specified");
        }
    }

    private static void CheckFieldPath(JsonElement rule, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var fieldPath = Text(rule, "fieldPath");
        if (fieldPath.Length == 0)
        {
            return;
        }

        if (fieldPath.Trim().Length == 0)
        {
            errors.Invalid(path.Child("fieldPath"), fieldPath, "must be non-empty if specified");
        }
        else if (fieldPath.Contains('\n', StringComparison.Ordinal))
        {
            errors.Invalid(path.Child("fieldPath"), fieldPath, "must not contain line breaks");
        }
        else if (RulePathStep.Parse(fieldPath, schema) is null)
        {
            errors.Invalid(path.Child("fieldPath"), fieldPath, "must be a valid path");
        }
    }

    private static string Text(JsonElement rule, string field) => CompiledRule.Read(rule, field);
}
