namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>Who may sign in beside the cluster's own ways (upstream's <c>AuthenticationConfiguration</c>).</summary>
public sealed record AuthenticationConfiguration
{
    public IReadOnlyList<JwtSettings> Jwt { get; init; } = [];

    /// <summary>Null leaves anonymous requests as they are.</summary>
    public AnonymousSettings? Anonymous { get; init; }
}

/// <summary>Requests of nobody.</summary>
/// <param name="Enabled">False refuses them.</param>
/// <param name="Paths">The paths for which they are let in; none for all.</param>
public sealed record AnonymousSettings(bool Enabled, IReadOnlyList<string> Paths);

/// <summary>An issuer of tokens, and what its tokens say.</summary>
public sealed record JwtSettings
{
    public required IssuerSettings Issuer { get; init; }

    public IReadOnlyList<ClaimRule> ClaimValidationRules { get; init; } = [];

    public PrefixedClaim Username { get; init; } = new();

    public PrefixedClaim Groups { get; init; } = new();

    /// <summary>Claim or expression; never a prefix.</summary>
    public PrefixedClaim Uid { get; init; } = new();

    public IReadOnlyList<ExtraMapping> Extra { get; init; } = [];

    public IReadOnlyList<UserRule> UserValidationRules { get; init; } = [];

    /// <summary>The algorithms with which tokens may be signed.</summary>
    public IReadOnlyList<string> Algorithms { get; init; } = All;

    /// <summary>Upstream's: what is signed with a public key's counterpart.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
}

/// <summary>Who signs, and for whom.</summary>
public sealed record IssuerSettings
{
    public required string Url { get; init; }

    /// <summary>Where its discovery document is, when not below its URL.</summary>
    public string DiscoveryUrl { get; init; } = "";

    /// <summary>Authorities (PEM) that sign for its server; empty for those of this machine.</summary>
    public string CertificateAuthority { get; init; } = "";

    public IReadOnlyList<string> Audiences { get; init; } = [];

    public string AudienceMatchPolicy { get; init; } = "";

    public string EgressSelectorType { get; init; } = "";
}

/// <summary>What a token must say: a claim of a value, or what an expression finds true.</summary>
public sealed record ClaimRule(string Claim, string RequiredValue, string Expression, string Message);

/// <summary>Where a part of a user comes from; the prefix is null when none is given.</summary>
public sealed record PrefixedClaim(string Claim = "", string? Prefix = null, string Expression = "");

/// <summary>An extra of a user.</summary>
public sealed record ExtraMapping(string Key, string ValueExpression);

/// <summary>What must be true of a user.</summary>
public sealed record UserRule(string Expression, string Message);
