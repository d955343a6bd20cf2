namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>Whom servers of aggregated APIs may believe for whom a request is, and which headers say it.</summary>
public sealed record FrontProxyTrust
{
    /// <summary>The authorities of proxies' certificates, PEM; empty when nobody is known.</summary>
    public required string AuthorityPem { get; init; }

    /// <summary>Common names of proxies; empty for all that the authorities signed.</summary>
    public required IReadOnlyList<string> AllowedNames { get; init; }

    public required IReadOnlyList<string> UserHeaders { get; init; }

    public required IReadOnlyList<string> UidHeaders { get; init; }

    public required IReadOnlyList<string> GroupHeaders { get; init; }

    public required IReadOnlyList<string> ExtraHeaderPrefixes { get; init; }

    /// <summary>This server alone.</summary>
    /// <param name="authorityPem">Who signs for it; empty when that is not known.</param>
    public static FrontProxyTrust Of(string authorityPem) => new()
    {
        AuthorityPem = authorityPem,
        AllowedNames = authorityPem.Length == 0 ? [] : [FrontProxy.ClientName],
        UserHeaders = [FrontProxy.UserHeader],
        UidHeaders = [FrontProxy.UidHeader],
        GroupHeaders = [FrontProxy.GroupHeader],
        ExtraHeaderPrefixes = [FrontProxy.ExtraHeaderPrefix],
    };
}
