using System.Text.RegularExpressions;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// The grammar of image names: what is valid, which registry is meant, and the tag that is not written.
/// </summary>
public static partial class ImageReference
{
    private const string DefaultRegistry = "docker.io";
    private const string OldDefaultRegistry = "index.docker.io";
    private const int MaxPathCharacters = 255;

    /// <summary>
    /// The name with <c>:latest</c> when it has neither tag nor digest; null when it is not a valid name.
    /// </summary>
    public static string? WithDefaultTag(string image) => Problem(image) is not null ? null
        : Grammar().Match(image).Groups is var parts && (parts["tag"].Success || parts["digest"].Success) ? image
        : image + ":latest";

    /// <summary>Why a name is none, in the words of upstream's library; null when it is one.</summary>
    public static string? Problem(string image)
    {
        if (Identifier().IsMatch(image))
        {
            return $"invalid repository name ({image}), cannot specify 64-byte hexadecimal strings";
        }

        var path = WithRegistry(image)[(Registry(image).Length + 1)..];
        var name = path.Split(':')[0];
        return name.Any(char.IsUpper) ? $"invalid reference format: repository name ({name}) must be lowercase"
            : !Grammar().IsMatch(image) ? "invalid reference format"
            : name.Split('@')[0].Length > MaxPathCharacters
                ? $"repository name must not be more than {MaxPathCharacters} characters"
            : null;
    }

    /// <summary>Host and port of the registry: docker.io where none is written.</summary>
    public static string Registry(string image) => WrittenRegistry(image) switch
    {
        "" or OldDefaultRegistry => DefaultRegistry,
        var host => host,
    };

    /// <summary>The name without tag and digest, with the registry, as credentials match it.</summary>
    public static string Repository(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        if (colon > name.LastIndexOf('/'))
        {
            name = name[..colon];
        }

        return WithRegistry(name);
    }

    /// <summary>The same with its registry, and with the directory of docker.io's own images.</summary>
    private static string WithRegistry(string name)
    {
        var written = WrittenRegistry(name);
        var path = written.Length > 0 ? name[(written.Length + 1)..] : name;
        var registry = Registry(name);
        return registry == DefaultRegistry && !path.Contains('/', StringComparison.Ordinal)
            ? $"{registry}/library/{path}"
            : $"{registry}/{path}";
    }

    /// <summary>
    /// The host at the beginning; empty for none. A directory of docker.io has no dot, colon or capital letter.
    /// </summary>
    private static string WrittenRegistry(string image)
    {
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : image[..slash];
        return first == "localhost" || first.AsSpan().ContainsAny('.', ':') || first.Any(char.IsUpper) ? first : "";
    }

    [GeneratedRegex("^[a-f0-9]{64}$")]
    private static partial Regex Identifier();

    [GeneratedRegex(
        """
        ^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?/)?
        [a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*
        (?<tag>:\w[\w.-]{0,127})?(?<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Grammar();
}
