using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>Who bears a token of one issuer (upstream's <c>authenticator/token/oidc</c>).</summary>
internal sealed class JwtAuthenticator(
    CompiledJwt jwt, IssuerKeys keys, DistributedClaims distributed, JwtMetrics metrics, TimeProvider time)
{
    private readonly TokenVerifier _verifier = new(jwt.Settings, keys, "oidc: verify token: ", time);
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
            await _verifier.VerifyAsync(token, claims, cancellationToken);
            using var more = await distributed.ExpandAsync(claims, cancellationToken);
            return _mapper.Map(more ?? claims);
        }
        catch (TokenRefusedException refusal)
        {
            return StatusErrors.Unauthorized(refusal.Message);
        }
    }
}
