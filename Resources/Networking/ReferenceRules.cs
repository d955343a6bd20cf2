using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Networking;

/// <summary>Validation of references to objects of any kind.</summary>
internal static class ReferenceRules
{
    public static void Validate(string? group, string? kind, string? name, FieldPath path, FieldErrors errors)
    {
        if (group is not null)
        {
            errors.InvalidEach(path.Child("apiGroup"), group, NameRules.DnsSubdomain(group));
        }

        Segment(kind, path.Child("kind"), errors);
        Segment(name, path.Child("name"), errors);
    }

    /// <summary>Required, and fit to stand in a URL.</summary>
    public static void Segment(string? value, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path);
        }
        else
        {
            errors.InvalidEach(path, value, NameRules.PathSegment(value));
        }
    }
}
