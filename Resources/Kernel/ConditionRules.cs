using System.Text.RegularExpressions;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Validation of <c>meta/v1 Condition</c>.</summary>
public static partial class ConditionRules
{
    private const int MaxReasonLength = 1024;
    private const int MaxMessageLength = 32 * 1024;

    private const string ReasonMessage =
        "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric " +
        "characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or " +
        "'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is " +
        "'[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";

    private static readonly string[] Statuses = ["False", "True", "Unknown"];

    /// <summary>Findings on a list of conditions, one of a type.</summary>
    public static void Validate(IList<V1Condition>? conditions, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, condition) in (conditions ?? []).Index())
        {
            if (!seen.Add(condition.Type ?? ""))
            {
                errors.Duplicate(path.Index(i).Child("type"), condition.Type ?? "");
            }

            Validate(condition, path.Index(i), errors);
        }
    }

    private static void Validate(V1Condition condition, FieldPath path, FieldErrors errors)
    {
        var type = condition.Type ?? "";
        errors.InvalidEach(path.Child("type"), type, NameRules.QualifiedName(type));
        if (!Statuses.Contains(condition.Status))
        {
            errors.NotSupported(path.Child("status"), condition.Status ?? "", Statuses);
        }

        if (condition.ObservedGeneration < 0)
        {
            errors.Invalid(
                path.Child("observedGeneration"), condition.ObservedGeneration,
                "must be greater than or equal to zero");
        }

        if (condition.LastTransitionTime == default)
        {
            errors.Required(path.Child("lastTransitionTime"));
        }

        ValidateReason(condition.Reason ?? "", path.Child("reason"), errors);
        if (NameRules.ByteCount(condition.Message ?? "") > MaxMessageLength)
        {
            errors.TooLong(path.Child("message"), MaxMessageLength);
        }
    }

    private static void ValidateReason(string reason, FieldPath path, FieldErrors errors)
    {
        if (reason.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (!Reason().IsMatch(reason))
        {
            errors.Invalid(path, reason, ReasonMessage);
        }

        if (reason.Length > MaxReasonLength)
        {
            errors.TooLong(path, MaxReasonLength);
        }
    }

    [GeneratedRegex("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?\\z")]
    private static partial Regex Reason();
}
