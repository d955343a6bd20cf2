using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>What defaulting needs to know of a container image's name.</summary>
internal static partial class ImageReference
{
    private const string Latest = "latest";

    /// <summary>
    /// The pull policy of an image that has none: always for <c>:latest</c> or no tag at all, since those move; a name
    /// that cannot be parsed counts as tagged.
    /// </summary>
    public static string DefaultPullPolicy(string? image) => IsLatest(image ?? "") ? "Always" : "IfNotPresent";

    private static bool IsLatest(string image)
    {
        var match = Pattern().Match(image);
        if (!match.Success || Identifier().IsMatch(image))
        {
            return false;
        }

        var tag = match.Groups["tag"];
        return tag.Success ? tag.ValueSpan.SequenceEqual(Latest) : !match.Groups["digest"].Success;
    }

    [GeneratedRegex(
        @"^((?<domain>(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*" +
        @"|\[[a-fA-F0-9:]+\])(?::[0-9]+)?)/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*" +
        @"(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?\z")]
    private static partial Regex Pattern();

    [GeneratedRegex(@"^[a-f0-9]{64}\z")]
    private static partial Regex Identifier();
}
