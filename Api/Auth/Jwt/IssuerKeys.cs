using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>Where an issuer's keys are: what may not change while they are kept.</summary>
internal sealed record IssuerPlace(string Url, string DiscoveryUrl, string CertificateAuthority)
{
    public static IssuerPlace Of(IssuerSettings issuer) =>
        new(issuer.Url, issuer.DiscoveryUrl, issuer.CertificateAuthority);
}

/// <summary>
/// The public keys of an issuer, found by its discovery document. They are fetched when the first token comes, again
/// when a token's signature fits none of them (a key that the issuer has only just begun to use), and anew after some
/// minutes, while the old ones serve on. Tokens are sent by anybody: how often they make us ask is bounded.
/// </summary>
internal sealed class IssuerKeys(IssuerPlace place, RemoteCaller remote, JwtMetrics? metrics, TimeProvider time)
{
    private const int MaxBytes = 1024 * 1024;

    /// <summary>Fetches at once that failures and strange tokens can cause, and one more each ten seconds.</summary>
    private const int Burst = 10;
    private const double PerSecond = 0.1;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    // One key: there is one thing to fetch, and whoever wants it meanwhile joins.
    private readonly SingleFlight<IssuerPlace, Outcome<Fetched>> _fetches = new(MayFetch(time));
    private readonly byte[]? _authority = place.CertificateAuthority.Length == 0
        ? null
        : System.Text.Encoding.UTF8.GetBytes(place.CertificateAuthority);

    private volatile Fetched? _current;

    public IssuerPlace Place => place;

    /// <summary>What was fetched last; null when nothing was.</summary>
    public Fetched? Known => _current;

    /// <summary>The keys as they are known; fetched when none are.</summary>
    public async ValueTask<Outcome<Fetched>> GetAsync(CancellationToken cancellationToken)
    {
        if (_current is not { } current)
        {
            return await FetchAsync(cancellationToken);
        }

        if (time.GetElapsedTime(current.At) > MaxAge)
        {
            _ = StartFetch();
        }

        return current;
    }

    /// <summary>Keys that were fetched after some that did not fit; those again when it is too early to ask.</summary>
    public async ValueTask<Outcome<Fetched>> GetNewerAsync(Fetched known, CancellationToken cancellationToken) =>
        _current is { } current && !ReferenceEquals(current, known)
            ? current
            : await FetchAsync(cancellationToken);

    private async ValueTask<Outcome<Fetched>> FetchAsync(CancellationToken cancellationToken) =>
        StartFetch() is { } fetch
            ? await fetch.WaitAsync(cancellationToken)
            : _current is { } current ? current
            : Failed("oidc: authenticator not initialized");

    /// <summary>One fetch at a time serves all who wait for it; null when it is too early for another.</summary>
    private Task<Outcome<Fetched>>? StartFetch() => _fetches.Join(place, FetchAndKeepAsync);

    private static Func<int, bool> MayFetch(TimeProvider time)
    {
        var bucket = new TokenBucket(PerSecond, Burst, time);
        return _ => bucket.TryTake();
    }

    private async Task<Outcome<Fetched>> FetchAndKeepAsync()
    {
        var fetched = await FetchAllAsync();
        if (fetched.Succeeded)
        {
            _current = fetched.Value;
        }

        metrics?.Fetched(place.Url, fetched.Succeeded, time.GetUtcNow());
        return fetched;
    }

    private async Task<Outcome<Fetched>> FetchAllAsync()
    {
        var discovery = place.DiscoveryUrl.Length > 0
            ? place.DiscoveryUrl
            : $"{place.Url.TrimEnd('/')}/.well-known/openid-configuration";
        var document = await FetchAsync(discovery);
        if (!document.Succeeded)
        {
            return document.Error;
        }

        var found = ReadDiscovery(document.Value);
        if (found.Issuer != place.Url)
        {
            return Failed(
                "oidc: issuer did not match the issuer returned by provider, expected "
                + $"{GoText.Quote(place.Url)} got {GoText.Quote(found.Issuer)}");
        }

        var keys = await FetchAsync(found.KeysUrl);
        return keys.Succeeded ? ReadKeys(keys.Value, found) : keys.Error;
    }

    private async Task<Outcome<ReadOnlyMemory<byte>>> FetchAsync(string url) =>
        RemoteTarget.OfUrl(url, _authority) is { } target
            ? await remote.FetchAsync(target, url, Patience, MaxBytes, CancellationToken.None)
            : Failed($"oidc: {GoText.Quote(url)} is no https URL");

    private static Discovery ReadDiscovery(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonTree.Parse(json.Span) is System.Text.Json.Nodes.JsonObject item
                ? new Discovery(
                    Text(item, "issuer"), Text(item, "jwks_uri"), Text(item, "authorization_endpoint"),
                    Text(item, "token_endpoint"))
                : Discovery.None;
        }
        catch (JsonException)
        {
            // No document names no issuer.
            return Discovery.None;
        }
    }

    private static string Text(System.Text.Json.Nodes.JsonObject item, string name) =>
        JsonTree.Text(item[name]) ?? "";

    private Outcome<Fetched> ReadKeys(ReadOnlyMemory<byte> json, Discovery found)
    {
        try
        {
            var set = JsonWebKeySet.Create(System.Text.Encoding.UTF8.GetString(json.Span));
            return new Fetched([.. set.GetSigningKeys()], found, time.GetTimestamp());
        }
        catch (Exception bad) when (bad is ArgumentException or JsonException)
        {
            return Failed($"oidc: failed to decode keys: {bad.Message}");
        }
    }

    private static Status Failed(string why) => StatusErrors.ServiceUnavailable(why);

    /// <summary>What an issuer says of itself; empty is what it does not say.</summary>
    internal sealed record Discovery(string Issuer, string KeysUrl, string AuthorizationUrl, string TokenUrl)
    {
        public static readonly Discovery None = new("", "", "", "");
    }

    /// <summary>Keys, with the document that led to them, and when they were fetched.</summary>
    internal sealed record Fetched(IReadOnlyList<SecurityKey> Keys, Discovery Discovery, long At);
}
