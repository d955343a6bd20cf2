using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Findings on a reference to an object whose version may be any.</summary>
internal static class ReferenceRules
{
    /// <summary>Findings on a reference.</summary>
    /// <param name="reference">The reference.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="mayBeAnything">True where an apiVersion was accepted before it was looked at.</param>
    /// <param name="mayBeCore">True where a version without a group will do.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(
        V2CrossVersionObjectReference? reference,
        FieldPath path,
        bool mayBeAnything,
        bool mayBeCore,
        FieldErrors errors)
    {
        ValidateSegment(reference?.Kind, path.Child("kind"), errors);
        ValidateSegment(reference?.Name, path.Child("name"), errors);
        var version = reference?.ApiVersion ?? "";
        if (!mayBeAnything && Complaint(version, mayBeCore) is { } complaint)
        {
            errors.Invalid(path.Child("apiVersion"), version, complaint);
        }
    }

    /// <summary>Whether a version names at most one group.</summary>
    public static bool IsGroupVersion(string? version) => Complaint(version ?? "", mayBeCore: true) is null;

    private static string? Complaint(string version, bool mayBeCore) => version.Count(c => c == '/') switch
    {
        > 1 => $"unexpected GroupVersion string: {version}",
        1 when version[0] != '/' => null,
        _ => mayBeCore ? null : "apiVersion must specify API group",
    };

    private static void ValidateSegment(string? text, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(text))
        {
            errors.Required(path);
        }
        else
        {
            errors.InvalidEach(path, text, NameRules.PathSegment(text));
        }
    }
}
