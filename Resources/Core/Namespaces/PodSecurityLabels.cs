using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Namespaces;

/// <summary>
/// The labels by which a Namespace asks for a Pod security level; bad ones are refused where they are written.
/// </summary>
public static class PodSecurityLabels
{
    private const string Prefix = "pod-security.kubernetes.io/";

    private static readonly string[] Modes = ["enforce", "audit", "warn"];
    private static readonly FieldPath Labels = FieldPath.Of("metadata", "labels");

    /// <summary>
    /// Findings on the labels of a new Namespace, or on changed ones (labels that were already bad may stay). Like
    /// upstream's admission plugin it speaks only when nothing else is wrong.
    /// </summary>
    public static void Validate(
        IDictionary<string, string>? labels, IDictionary<string, string>? old, FieldErrors errors)
    {
        if (labels is null
            || errors.Count != 0
            || !labels.Keys.Any(k => k.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            return;
        }

        foreach (var mode in Modes)
        {
            Check(labels, old, Prefix + mode, IsLevel, "must be one of privileged, baseline, restricted", errors);
            Check(labels, old, $"{Prefix}{mode}-version", IsVersion, "must be \"latest\" or \"v1.x\"", errors);
        }
    }

    private static void Check(
        IDictionary<string, string> labels, IDictionary<string, string>? old, string key, Func<string, bool> rule, string complaint, FieldErrors errors)
    {
        if (labels.TryGetValue(key, out var value) && !rule(value) &&
            !(old is not null && old.TryGetValue(key, out var before) && before == value))
        {
            errors.Invalid(Labels.Key(key), value, complaint);
        }
    }

    private static bool IsLevel(string value) => value is "privileged" or "baseline" or "restricted";

    private static bool IsVersion(string value)
    {
        var minor = value.StartsWith("v1.", StringComparison.Ordinal) ? value.AsSpan(3) : [];
        return value == "latest" || (minor.Length != 0 && !minor.ContainsAnyExceptInRange('0', '9') && (minor.Length == 1 || minor[0] != '0'));
    }
}
