using System.Text.RegularExpressions;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// The grammar of image names: what is valid, which registry is meant, and the tag that is not written.
/// </summary>
public static partial class ImageReference
{
    private const string DefaultRegistry = "docker.io";

    /// <summary>
    /// The name with <c>:latest</c> when it has neither tag nor digest; null when it is not a valid name.
    /// </summary>
    public static string? WithDefaultTag(string image)
    {
        var match = Grammar().Match(image);
        if (!match.Success)
        {
            return null;
        }

        return match.Groups["tag"].Success || match.Groups["digest"].Success ? image : image + ":latest";
    }

    /// <summary>Host and port of the registry: docker.io where none is written.</summary>
    public static string Registry(string image)
    {
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : image[..slash];
        var isHost = first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal)
            || first == "localhost";
        return isHost ? first : DefaultRegistry;
    }

    /// <summary>The name without tag and digest, with the registry, as credentials match it.</summary>
    public static string Repository(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        if (colon > name.LastIndexOf('/'))
        {
            name = name[..colon];
        }

        var registry = Registry(image);
        return name.StartsWith(registry + "/", StringComparison.Ordinal) ? name
            : name.Contains('/', StringComparison.Ordinal) ? $"{registry}/{name}"
            : $"{registry}/library/{name}";
    }

    [GeneratedRegex(
        """
        ^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?/)?
        [a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*
        (?<tag>:\w[\w.-]{0,127})?(?<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Grammar();
}
