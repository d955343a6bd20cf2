using System.Text.RegularExpressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Nodes;

/// <summary>Validation of the features that a node says it has: names in their order, each once.</summary>
internal static partial class NodeFeatureRules
{
    private const int NameMaxLength = 253;

    private static readonly FieldPath Features = FieldPath.Of("status", "declaredFeatures");

    public static void Validate(IList<string>? features, FieldErrors errors)
    {
        for (var i = 0; i < (features?.Count ?? 0); i++)
        {
            var name = features![i];
            if (Complaint(name) is { } complaint)
            {
                errors.Invalid(Features.Index(i), name, $"invalid feature name {GoText.Quote(name)}: {complaint}");
            }

            if (i + 1 < features.Count)
            {
                ValidateOrder(name, features[i + 1], Features.Index(i + 1), errors);
            }
        }
    }

    private static void ValidateOrder(string name, string next, FieldPath path, FieldErrors errors)
    {
        switch (string.CompareOrdinal(name, next))
        {
            case 0: errors.Duplicate(path, next); break;
            case > 0: errors.Invalid(path, next, "list must be sorted alphabetically"); break;
        }
    }

    private static string? Complaint(string name) =>
        NameRules.ByteCount(name) > NameMaxLength ? $"must be no more than {NameMaxLength} characters"
        : Name().IsMatch(name) ? null
        : "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or " +
            "MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";

    [GeneratedRegex("^[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*\\z")]
    private static partial Regex Name();
}
