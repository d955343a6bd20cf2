using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>Who bears a token of one issuer (upstream's <c>authenticator/token/oidc</c>).</summary>
internal sealed class JwtAuthenticator(
    CompiledJwt jwt, IssuerKeys keys, JwtMetrics metrics, TimeProvider time)
{
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ClaimMapper _mapper = new(jwt);

    public string Issuer => jwt.Settings.Issuer.Url;

    public IssuerKeys Keys => keys;

    /// <summary>The audience that tokens are asked for: the first that is taken.</summary>
    public string Client => jwt.Settings.Issuer.Audiences[0];

    /// <summary>The user, or why there is none.</summary>
    public async Task<Outcome<UserIdentity>> AuthenticateAsync(
        string token, TokenClaims claims, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var outcome = await LookAsync(token, claims, cancellationToken);
        metrics.Looked(Issuer, outcome.Succeeded, time.GetElapsedTime(start));
        return outcome;
    }

    private async Task<Outcome<UserIdentity>> LookAsync(
        string token, TokenClaims claims, CancellationToken cancellationToken)
    {
        try
        {
            CheckAudience(claims);
            CheckTime(claims);
            var complaint = await CheckSignatureAsync(token, cancellationToken);
            return complaint is null
                ? _mapper.Map(claims)
                : StatusErrors.Unauthorized(complaint);
        }
        catch (TokenRefusedException refusal)
        {
            return StatusErrors.Unauthorized(refusal.Message);
        }
    }

    private void CheckAudience(TokenClaims claims)
    {
        var audiences = claims.Has("aud") ? claims.Texts("aud", "oidc: verify token: oidc: malformed jwt") : [];
        var wanted = jwt.Settings.Issuer.Audiences;
        if (!audiences.Any(wanted.Contains))
        {
            throw new TokenRefusedException(
                "oidc: verify token: oidc: expected audience in "
                + $"{GoText.Quoted(wanted.Order(StringComparer.Ordinal))} got {GoText.Quoted(audiences)}");
        }
    }

    private void CheckTime(TokenClaims claims)
    {
        var now = time.GetUtcNow();
        if (claims.Time("exp") is not { } expires || expires < now)
        {
            throw new TokenRefusedException(
                $"oidc: verify token: oidc: token is expired (Token Expiry: {Show(claims.Time("exp"))})");
        }

        if (claims.Time("nbf") is { } begins && begins > now + Leeway)
        {
            throw new TokenRefusedException(
                $"oidc: verify token: oidc: current time {Show(now)} before the nbf (not before) time: {Show(begins)}");
        }
    }

    /// <summary>Null when it is signed by the issuer.</summary>
    private async Task<string?> CheckSignatureAsync(string token, CancellationToken cancellationToken)
    {
        var algorithms = jwt.Settings.Algorithms;
        if (CompactTokens.Read(token) is not { } read)
        {
            return "oidc: verify token: oidc: malformed jwt";
        }

        if (!algorithms.Contains(read.Alg))
        {
            return "oidc: verify token: oidc: id token signed with unsupported algorithm, expected "
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
            ? $"oidc: verify token: failed to verify signature: fetching keys {newer.Error.Message}"
            : !ReferenceEquals(newer.Value, known.Value) && await IsSignedAsync(read, newer.Value)
                ? null
                : "oidc: verify token: failed to verify signature: failed to verify id token signature";
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
            ValidAlgorithms = jwt.Settings.Algorithms,
        });
        return result.IsValid;
    }

    private static string Show(DateTimeOffset? moment) =>
        (moment ?? DateTimeOffset.MinValue).UtcDateTime.ToString(
            "yyyy-MM-dd HH:mm:ss '+0000 UTC'", CultureInfo.InvariantCulture);
}
