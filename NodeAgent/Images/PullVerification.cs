namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Which images that lie on the node pods may use only with the credentials that they were pulled with, or after their
/// own have proved good: the kubelet's <c>imagePullCredentialsVerificationPolicy</c>
/// (<c>pkg/kubelet/images/pullmanager/image_pull_policies.go</c>). Pure.
/// </summary>
/// <param name="policy">One of <see cref="All"/>.</param>
/// <param name="allowlist">
/// For <see cref="NeverVerifyAllowlistedImages"/>: names without tag and digest, or the beginning of such up to a slash
/// with a star behind it; both with the registry, as <c>docker.io/library/alpine</c>.
/// </param>
public sealed class PullVerification(string policy, IReadOnlyList<string> allowlist)
{
    /// <summary>Whoever names an image that is there may use it.</summary>
    public const string NeverVerify = "NeverVerify";

    /// <summary>What somebody else brought onto the node is everybody's.</summary>
    public const string NeverVerifyPreloadedImages = "NeverVerifyPreloadedImages";

    /// <summary>What is on a list is everybody's.</summary>
    public const string NeverVerifyAllowlistedImages = "NeverVerifyAllowlistedImages";

    /// <summary>No image is, before it was pulled without credentials or with the node's.</summary>
    public const string AlwaysVerify = "AlwaysVerify";

    private const string AnyBelow = "/*";

    private readonly string[] _prefixes =
        [.. allowlist.Where(static p => p.EndsWith(AnyBelow, StringComparison.Ordinal)).Select(static p => p[..^1])];

    private readonly HashSet<string> _names = allowlist
        .Where(static p => !p.EndsWith(AnyBelow, StringComparison.Ordinal))
        .ToHashSet(StringComparer.Ordinal);

    public static IReadOnlyList<string> All { get; } =
        [NeverVerify, NeverVerifyPreloadedImages, NeverVerifyAllowlistedImages, AlwaysVerify];

    /// <summary>Whether credentials count for an image that is there.</summary>
    /// <param name="repository">Its name with its registry, without tag and digest.</param>
    /// <param name="isOfAPull">Whether the node pulled it for a pod.</param>
    public bool IsNeeded(string repository, bool isOfAPull) => policy switch
    {
        NeverVerify => false,
        NeverVerifyPreloadedImages => isOfAPull,
        NeverVerifyAllowlistedImages => !_names.Contains(repository)
            && !Array.Exists(_prefixes, p => repository.StartsWith(p, StringComparison.Ordinal)),
        _ => true,
    };

    /// <summary>Why there can be no such policy, in the kubelet's words; null when there can.</summary>
    public static string? Problem(string policy, IReadOnlyList<string> allowlist) =>
        !All.Contains(policy)
            ? $"option \"{policy}\" specified for imagePullCredentialsVerificationPolicy. Valid options are "
                + $"{string.Join(", ", All.SkipLast(1).Select(static p => $"\"{p}\""))} or \"{All[^1]}\""
        : policy != NeverVerifyAllowlistedImages && allowlist.Count > 0
            ? "can't set `preloadedImagesVerificationAllowlist` if `imagePullCredentialsVerificationPolicy` is not "
                + $"\"{NeverVerifyAllowlistedImages}\""
        : allowlist.Select(PatternProblem).FirstOrDefault(static p => p is not null) is { } problem
            ? $"invalid image pattern in `preloadedImagesVerificationAllowlist`: {problem}"
        : null;

    private static string? PatternProblem(string pattern)
    {
        var isPrefix = pattern.EndsWith(AnyBelow, StringComparison.Ordinal);
        var name = isPrefix ? pattern[..^1] : pattern;
        return pattern != pattern.Trim() ? $"leading/trailing spaces are not allowed: {pattern}"
            : name.Length == 0 ? $"the supplied pattern is too short: {pattern}"
            : name.Contains('*', StringComparison.Ordinal)
                ? $"not a valid wildcard pattern, only patterns ending with '/*' are allowed: {pattern}"
            : isPrefix ? (name.Length == 1 ? "at least registry hostname is required" : null)
            : ImageReference.Problem(name) is { } problem ? $"failed to parse as an image name: {problem}"
            : ImageReference.Repository(name) != name
                ? $"neither tag nor digest is accepted in an image reference: {pattern}"
            : null;
    }
}
