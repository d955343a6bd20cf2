using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>
/// Fetches the groups of users whose tokens only say where these are (OpenID Connect Core 1.0, section 5.6.2;
/// upstream's <c>claimResolver</c>): at an address lies another token. Its issuer may be any that has a discovery
/// document; it is for this server, too. Unlike upstream, places are asked over https only, and no redirection is
/// followed. What goes wrong is a <see cref="TokenRefusedException"/>.
/// </summary>
internal sealed class DistributedClaims(JwtSettings jwt, RemoteCaller remote, TimeProvider time)
{
    private const string Names = "_claim_names";
    private const string Sources = "_claim_sources";
    private const string Failed = "oidc: could not expand distributed claims: ";
    private const int MaxBytes = 1024 * 1024;
    private const int MaxIssuers = 16;

    /// <summary>Claims that are kept: 16 MB of them.</summary>
    private const int MaxKept = 256;

    /// <summary>Claims that are larger are fetched each time.</summary>
    private const int MaxKeptBytes = 64 * 1024;

    /// <summary>Sources that are asked at once.</summary>
    private const int MaxFetches = 256;

    /// <summary>For all of it, the issuer's keys included.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>For so long a source is not asked again, as upstream keeps for so long whose a token is.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly string _claim = jwt.Groups.Claim;
    private readonly byte[]? _authority = jwt.Issuer.CertificateAuthority.Length == 0
        ? null
        : Encoding.UTF8.GetBytes(jwt.Issuer.CertificateAuthority);

    private readonly LruCache<string, Issuer> _issuers = new(MaxIssuers);
    private readonly SingleFlight<Source, byte[]> _fetches = new(static count => count < MaxFetches);

    /// <summary>What the claim says at each source, in JSON, and since when that is known.</summary>
    private readonly LruCache<Source, (byte[] Claim, long At)> _kept = new(MaxKept);

    private string Getting => $"while getting distributed claim {GoText.Quote(_claim)}: ";

    /// <summary>The claims of a token that has been verified, with the one that lies elsewhere; null when none does.
    /// </summary>
    public async ValueTask<TokenClaims?> ExpandAsync(TokenClaims claims, CancellationToken cancellationToken)
    {
        if (_claim.Length == 0 || claims.Has(_claim) || SourceOf(claims) is not { } source)
        {
            return null;
        }

        return claims.With(_claim, await FindAsync(source, cancellationToken));
    }

    private async ValueTask<byte[]> FindAsync(Source source, CancellationToken cancellationToken)
    {
        if (_kept.TryGet(source, out var kept) && time.GetElapsedTime(kept.At) < Fresh)
        {
            return kept.Claim;
        }

        var fetch = _fetches.Join(source, () => FetchAndKeepAsync(source))
            ?? throw Refused($"{Getting}too many are being fetched");
        return await fetch.WaitAsync(cancellationToken);
    }

    private async Task<byte[]> FetchAndKeepAsync(Source source)
    {
        var claim = await FetchVerifiedAsync(source);
        if (claim.Length <= MaxKeptBytes)
        {
            _kept.Set(source, (claim, time.GetTimestamp()));
        }

        return claim;
    }

    /// <summary>What the claim says, in JSON.</summary>
    private async Task<byte[]> FetchVerifiedAsync(Source source)
    {
        using var over = new CancellationTokenSource(Patience, time);
        var token = await FetchAsync(source);
        using var found = TokenClaims.Read(token) ?? throw Refused(
            $"getting untrusted issuer from endpoint {source.Endpoint} failed for claim {GoText.Quote(_claim)}: "
            + "malformed token");
        try
        {
            await VerifyAsync(token, found, over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            throw Refused($"{Getting}context deadline exceeded");
        }

        return found.Root.TryGetProperty(_claim, out var value)
            ? JsonMarshal.GetRawUtf8Value(value).ToArray()
            : throw Refused(
                $"jwt returned by distributed claim endpoint {GoText.Quote(source.Endpoint)} did not contain claim: "
                + _claim);
    }

    /// <summary>Where the claim lies; null when the token does not say, or has it in a form that is not read.</summary>
    private Source? SourceOf(TokenClaims claims)
    {
        if (!claims.Root.TryGetProperty(Names, out var names))
        {
            return null;
        }

        var name = TextIn(names, _claim, $"{Failed}oidc: error parsing distributed claim names");
        const string Unreadable = $"{Failed}oidc: could not parse claim sources";
        if (!claims.Root.TryGetProperty(Sources, out var sources))
        {
            throw Refused("oidc: no claim sources");
        }

        var found = Member(sources, name ?? "", Unreadable);
        if (name is null)
        {
            return null;
        }

        if (found is not { } source)
        {
            throw Refused($"id token {Names} contained a source {name} missing in _claims_sources");
        }

        return TextIn(source, "endpoint", Unreadable) is { Length: > 0 } endpoint
            ? new Source(endpoint, TextIn(source, "access_token", Unreadable) ?? "")
            : null;
    }

    private async ValueTask<string> FetchAsync(Source source)
    {
        var target = RemoteTarget.OfUrl(source.Endpoint, _authority)
            ?? throw Refused($"{Getting}{GoText.Quote(source.Endpoint)} is no https URL");
        var answer = await remote.FetchPlainAsync(
            target, source.Endpoint, source.AccessToken, Patience, MaxBytes,
            "error while getting distributed claim JWT: ", CancellationToken.None);
        return answer.Succeeded
            ? Encoding.UTF8.GetString(answer.Value.Span).Trim()
            : throw Refused(Getting + answer.Error.Message);
    }

    private async ValueTask VerifyAsync(string token, TokenClaims claims, CancellationToken cancellationToken)
    {
        var (keys, verifier) = _issuers.GetOrAdd(claims.Issuer, () => Make(claims.Issuer));
        var known = await keys.GetAsync(cancellationToken);
        if (!known.Succeeded)
        {
            throw Refused(
                $"verifying untrusted issuer {claims.Issuer} failed: verifier not initialized for issuer: "
                + GoText.Quote(claims.Issuer));
        }

        await verifier.VerifyAsync(token, claims, cancellationToken);
    }

    private Issuer Make(string url)
    {
        // Anybody may be such an issuer: none of them is told of in metrics.
        var keys = new IssuerKeys(new IssuerPlace(url, "", jwt.Issuer.CertificateAuthority), remote, null, time);
        return new Issuer(
            keys, new TokenVerifier(jwt, keys, $"{Failed}verify distributed claim token: ", time));
    }

    private static string? TextIn(JsonElement item, string name, string failed) => Member(item, name, failed) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => throw TokenClaims.WrongType(failed, other, "string"),
    };

    /// <summary>Null when there is none.</summary>
    private static JsonElement? Member(JsonElement item, string name, string failed) => item.ValueKind switch
    {
        JsonValueKind.Object => item.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null
            ? member
            : null,
        JsonValueKind.Null => null,
        _ => throw TokenClaims.WrongType(failed, item, "map[string]string"),
    };

    private static TokenRefusedException Refused(string why) => new(Failed + why);

    private sealed record Source(string Endpoint, string AccessToken);

    private sealed record Issuer(IssuerKeys Keys, TokenVerifier Verifier);
}
