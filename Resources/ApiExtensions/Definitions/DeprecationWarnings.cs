using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>Findings on what a version says to its users of its end.</summary>
internal static class DeprecationWarnings
{
    private const int MaxLength = 256;

    /// <param name="version">It has the warning.</param>
    /// <param name="warning">A text of its own.</param>
    public static IEnumerable<string> Complaints(V1CustomResourceDefinitionVersion version, string warning)
    {
        if (version.Deprecated != true)
        {
            return ["can only be set for deprecated versions"];
        }

        var complaints = new List<string>();
        if (NameRules.ByteCount(warning) > MaxLength)
        {
            complaints.Add($"must be <= {MaxLength} characters long");
        }

        if (warning.Length == 0)
        {
            complaints.Add("must not be an empty string");
        }

        var printable = warning.EnumerateRunes().TakeWhile(GoQuotes.IsPrintable).Sum(static r => r.Utf8SequenceLength);
        if (printable < NameRules.ByteCount(warning))
        {
            complaints.Add(
                "must only contain printable UTF-8 characters; non-printable character found at index "
                + $"{printable}");
        }

        return complaints;
    }
}
