using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.FlowControl;

/// <summary>What the two kinds of the group share.</summary>
internal static class FlowControlRules
{
    private static readonly FieldPath Conditions = FieldPath.Of("status", "conditions");

    /// <summary>Types of conditions are given, and each is there once.</summary>
    public static void ValidateConditions(IEnumerable<string?> types, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, type) in types.Index())
        {
            var path = Conditions.Index(i).Child("type");
            if (!seen.Add(type ?? ""))
            {
                errors.Duplicate(path, type ?? "");
            }

            if (string.IsNullOrEmpty(type))
            {
                errors.Required(path, "must not be empty");
            }
        }
    }

    /// <summary>
    /// An object without which the server cannot order requests keeps the specification it was made with.
    /// </summary>
    public static void ValidateMandatory<TSpec>(
        string? name, TSpec spec, TSpec? mandatory, string except, FieldErrors errors)
        where TSpec : class
    {
        if (mandatory is not null && !ModelShape.SemanticEquals(spec, mandatory))
        {
            errors.Invalid(
                FieldPath.Of("spec"),
                InternalForm.Shown(spec),
                $"spec of '{name}' {except}must equal the fixed value");
        }
    }
}
