namespace OrleansOrchestrator.Api.Auth.RequestHeaders;

/// <summary>Proxies in front who say for whom requests are: upstream's <c>--requestheader-*</c>.</summary>
public sealed record RequestHeaderSettings
{
    /// <summary>The authorities of their certificates, PEM.</summary>
    public required string AuthorityPem { get; init; }

    /// <summary>Common names that are proxies; empty for all that the authorities signed.</summary>
    public IReadOnlyList<string> AllowedNames { get; init; } = [];

    public IReadOnlyList<string> UsernameHeaders { get; init; } = [];

    public IReadOnlyList<string> UidHeaders { get; init; } = [];

    public IReadOnlyList<string> GroupHeaders { get; init; } = [];

    public IReadOnlyList<string> ExtraHeaderPrefixes { get; init; } = [];
}
