using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>What is wrong with a validation rule whatever its expressions say.</summary>
internal static class RuleForm
{
    private static readonly string[] Reasons =
        ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    public static void Validate(JsonElement rule, FieldPath path, FieldErrors errors)
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
    }

    private static string Text(JsonElement rule, string field) =>
        rule.ValueKind == JsonValueKind.Object && rule.TryGetProperty(field, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";
}
