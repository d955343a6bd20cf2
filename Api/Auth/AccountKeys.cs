using Microsoft.IdentityModel.Tokens;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// The keys of service-account tokens. The cluster has its own, which it replaces by itself; files may hold others.
/// When one of those signs, the cluster's own count for as long as tokens of theirs live.
/// </summary>
public sealed class AccountKeys(TrustStore trustStore, AuthOptions options, TimeProvider time)
{
    /// <summary>What tokens may be signed with now.</summary>
    public async Task<IReadOnlyList<PublicTokenKey>> AcceptedAsync()
    {
        var trust = await trustStore.Trust;
        var files = options.TokenKeys;
        var now = time.GetUtcNow();
        return
        [
            .. files?.Accepted ?? [],
            .. trust.TokenKeys.Where(k => files?.Signer is null || k.LastExpiry >= now).Select(static k => k.Key),
        ];
    }

    /// <summary>How a token's signature is checked, and that one of some issuers made it.</summary>
    public async Task<TokenValidationParameters> ParametersAsync(IReadOnlyList<string> issuers)
    {
        var keys = await AcceptedAsync();
        return new TokenValidationParameters
        {
            ValidIssuers = issuers,
            ValidateAudience = false,

            // Whoever asks looks at the time by their own clock.
            ValidateLifetime = false,
            IssuerSigningKeys = keys.Select(static k => k.Key),
            ValidAlgorithms = keys.Select(static k => k.Algorithm).Distinct(StringComparer.Ordinal),
        };
    }

    /// <summary>Why no key has signed a token that says it is ours, in upstream's words; empty for what is no token.
    /// </summary>
    public async Task<string> ComplaintAsync(string token) =>
        CompactTokens.Read(token) is not { } read ? ""
        : read.Kid is { Length: > 0 } id && (await AcceptedAsync()).All(k => k.Id != id)
            ? "invalid signature, no keys found"
            : "go-jose/go-jose: error in cryptographic primitive";

    /// <summary>A signed token.</summary>
    /// <param name="claims">What it says: a JSON object.</param>
    /// <param name="expires">When it ends; null for never.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string> SignAsync(byte[] claims, DateTimeOffset? expires, CancellationToken cancellationToken) =>
        options.TokenKeys?.Signer is { } signer
            ? signer.Sign(claims)
            : await trustStore.Signer.SignTokenAsync(
                new TokenSigning { Claims = claims, Expires = expires }, cancellationToken);
}
