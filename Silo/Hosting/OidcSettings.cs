using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Upstream's <c>--oidc-*</c> flags: one issuer of an AuthenticationConfiguration, in other words.</summary>
public sealed record OidcSettings
{
    public string? IssuerUrl { get; init; }

    public string? ClientId { get; init; }

    public string? UsernameClaim { get; init; }

    public string? UsernamePrefix { get; init; }

    public string? GroupsClaim { get; init; }

    public string? GroupsPrefix { get; init; }

    public string? AuthorityFile { get; init; }

    /// <summary><c>claim=value</c> each.</summary>
    public IReadOnlyList<string> RequiredClaims { get; init; } = [];

    /// <summary>With commas.</summary>
    public string? Algorithms { get; init; }

    /// <summary>True when one of the flags is given.</summary>
    public bool IsGiven => RequiredClaims.Count > 0
        || (IssuerUrl ?? ClientId ?? UsernameClaim ?? UsernamePrefix ?? GroupsClaim ?? GroupsPrefix ?? AuthorityFile
            ?? Algorithms) is not null;

    /// <summary>The same as a configuration.</summary>
    public AuthenticationConfiguration Read()
    {
        if (!IsGiven)
        {
            return new AuthenticationConfiguration();
        }

        if (string.IsNullOrEmpty(IssuerUrl) || string.IsNullOrEmpty(ClientId))
        {
            throw new UserErrorException(
                "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set");
        }

        return new AuthenticationConfiguration { Jwt = [Jwt(IssuerUrl, ClientId)] };
    }

    private JwtSettings Jwt(string issuer, string client) => new()
    {
        Issuer = new IssuerSettings
        {
            Url = issuer,
            Audiences = [client],
            CertificateAuthority = AuthorityFile is { } file ? File.ReadAllText(file) : "",
        },
        Username = new PrefixedClaim(UsernameClaim ?? "sub", Prefix(issuer)),
        Groups = GroupsClaim is { } groups ? new PrefixedClaim(groups, GroupsPrefix ?? "") : new PrefixedClaim(),
        ClaimValidationRules = [.. RequiredClaims.Select(Rule)],
        Algorithms = ReadAlgorithms(),
    };

    /// <summary>Names are told apart by their issuer, but for mail, and where nobody wants it.</summary>
    private string Prefix(string issuer) => UsernamePrefix switch
    {
        "-" => "",
        { Length: > 0 } given => given,
        _ => UsernameClaim == "email" ? "" : $"{issuer}#",
    };

    private static ClaimRule Rule(string text) => text.Split('=', 2) is [{ Length: > 0 } claim, var value]
        ? new ClaimRule(claim.Trim(), value.Trim(), "", "")
        : throw new UserErrorException($"--oidc-required-claim: malformed pair, expect string=string, got {text}");

    private string[] ReadAlgorithms()
    {
        var all = (Algorithms ?? "RS256").Split(',', StringSplitOptions.TrimEntries);
        return all.FirstOrDefault(static a => !JwtSettings.All.Contains(a)) is { } unknown
            ? throw new UserErrorException($"oidc: unsupported signing alg: {GoText.Quote(unknown)}")
            : all;
    }
}
