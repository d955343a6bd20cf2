using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>
/// Whether a token is its issuer's, and for this server now (upstream's <c>idTokenVerifier</c>); what is wrong with it
/// is a <see cref="TokenRefusedException"/>.
/// </summary>
/// <param name="jwt">Whom tokens are for, and how they are signed.</param>
/// <param name="keys">The issuer's.</param>
/// <param name="failed">What complaints begin with.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenVerifier(JwtSettings jwt, IssuerKeys keys, string failed, TimeProvider time)
{
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Upstream's library knows one audience, and looks at it first; when there are several, upstream looks itself when
    /// the library is done.
    /// </summary>
    private readonly bool _hasOneAudience = jwt.Issuer.Audiences.Count == 1;

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };

    /// <summary>Returns when nothing is wrong with it.</summary>
    public async Task VerifyAsync(string token, TokenClaims claims, CancellationToken cancellationToken)
    {
        if (_hasOneAudience)
        {
            CheckAudience(claims);
        }

        CheckTime(claims);
        if (await CheckSignatureAsync(token, cancellationToken) is { } complaint)
        {
            throw new TokenRefusedException(complaint);
        }

        if (!_hasOneAudience)
        {
            CheckAudience(claims);
        }
    }

    private void CheckAudience(TokenClaims claims)
    {
        var audiences = claims.Has("aud") ? claims.Texts("aud", $"{failed}oidc: malformed jwt") : [];
        var wanted = jwt.Issuer.Audiences;
        if (!audiences.Any(wanted.Contains))
        {
            var expected = _hasOneAudience
                ? GoText.Quote(wanted[0])
                : $"in {GoText.Quoted(wanted.Order(StringComparer.Ordinal))}";
            throw new TokenRefusedException(
                $"{failed}oidc: expected audience {expected} got {GoText.Quoted(audiences)}");
        }
    }

    private void CheckTime(TokenClaims claims)
    {
        var now = time.GetUtcNow();
        if (claims.Time("exp") is not { } expires || expires < now)
        {
            throw new TokenRefusedException(
                $"{failed}oidc: token is expired (Token Expiry: {Show(claims.Time("exp"))})");
        }

        if (claims.Time("nbf") is { } begins && begins > now + Leeway)
        {
            throw new TokenRefusedException(
                $"{failed}oidc: current time {Show(now)} before the nbf (not before) time: {Show(begins)}");
        }
    }

    /// <summary>Null when it is signed by the issuer.</summary>
    private async Task<string?> CheckSignatureAsync(string token, CancellationToken cancellationToken)
    {
        var algorithms = jwt.Algorithms;
        if (CompactTokens.Read(token) is not { } read)
        {
            return $"{failed}oidc: malformed jwt";
        }

        if (!algorithms.Contains(read.Alg))
        {
            return $"{failed}oidc: id token signed with unsupported algorithm, expected "
                + $"{GoText.Quoted(algorithms)} got {GoText.Quote(read.Alg)}";
        }

        var known = await keys.GetAsync(cancellationToken);
        if (!known.Succeeded)
        {
            return known.Error.Message;
        }

        if (await IsSignedAsync(read, known.Value))
        {
            return null;
        }

        var newer = await keys.GetNewerAsync(known.Value, cancellationToken);
        return !newer.Succeeded
            ? $"{failed}failed to verify signature: fetching keys {newer.Error.Message}"
            : !ReferenceEquals(newer.Value, known.Value) && await IsSignedAsync(read, newer.Value)
                ? null
                : $"{failed}failed to verify signature: failed to verify id token signature";
    }

    private async Task<bool> IsSignedAsync(JsonWebToken token, IssuerKeys.Fetched fetched)
    {
        List<SecurityKey> fitting =
            [.. fetched.Keys.Where(k => string.IsNullOrEmpty(token.Kid) || k.KeyId == token.Kid)];
        if (fitting.Count == 0)
        {
            return false;
        }

        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            // All but the signature is checked here, in upstream's words and by its rules.
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
            IssuerSigningKeys = fitting,
            ValidAlgorithms = jwt.Algorithms,
        });
        return result.IsValid;
    }

    private static string Show(DateTimeOffset? moment) =>
        (moment ?? DateTimeOffset.MinValue).UtcDateTime.ToString(
            "yyyy-MM-dd HH:mm:ss '+0000 UTC'", CultureInfo.InvariantCulture);
}
