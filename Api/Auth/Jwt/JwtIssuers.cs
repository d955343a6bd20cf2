using System.Collections.Frozen;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>
/// The issuers whose tokens are taken, and whether nobody is: what an AuthenticationConfiguration says. It changes as a
/// whole, while requests go on: each sees the one or the other.
/// </summary>
public sealed class JwtIssuers
{
    private readonly RemoteCaller _remote;
    private readonly AuthOptions _options;
    private readonly TimeProvider _time;
    private readonly JwtMetrics _metrics;
    private volatile Snapshot _current = new(FrozenDictionary<string, JwtAuthenticator>.Empty, null);

    internal JwtIssuers(RemoteCaller remote, AuthOptions options, JwtMetrics metrics, TimeProvider time)
    {
        (_remote, _options, _metrics, _time) = (remote, options, metrics, time);
        Use(options.Configuration);
    }

    /// <summary>Has these from now on; the keys of issuers that stay are kept.</summary>
    /// <exception cref="Configuration.ConfigurationException">Something is wrong; the old ones stay.</exception>
    public void Use(AuthenticationConfiguration configuration)
    {
        var compiled = JwtRules.Compile(configuration, _options.Issuers);
        var known = _current.Issuers.Values.ToDictionary(static a => a.Keys.Place, static a => a.Keys);
        _current = new Snapshot(
            compiled.Select(c => Make(c, known)).ToFrozenDictionary(static a => a.Issuer, StringComparer.Ordinal),
            configuration.Anonymous);
    }

    /// <summary>Who bears a token; null when none of these issuers is said to have issued it.</summary>
    public async Task<Outcome<UserIdentity>?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        var issuers = _current.Issuers;
        if (issuers.Count == 0)
        {
            return null;
        }

        using var claims = TokenClaims.Read(token);
        if (claims is null || !issuers.TryGetValue(claims.Issuer, out var issuer))
        {
            return null;
        }

        return await issuer.AuthenticateAsync(token, claims, cancellationToken);
    }

    /// <summary>Whether a request of nobody is let in.</summary>
    public bool AdmitsAnonymous(string path) => _current.Anonymous is { } anonymous
        ? anonymous.Enabled && (anonymous.Paths.Count == 0 || anonymous.Paths.Contains(path))
        : _options.AdmitsAnonymous;

    /// <summary>Where people get tokens of these issuers, as far as that is known by now.</summary>
    public IReadOnlyList<IssuerSignIn> KnownSignIns =>
        [.. _current.Issuers.Values.Select(static i => IssuerSignIn.Of(i, i.Keys.Known)).OfType<IssuerSignIn>()];

    /// <summary>The same, of all issuers that answer: those that were not asked yet are.</summary>
    public async Task<IReadOnlyList<IssuerSignIn>> FindSignInsAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_current.Issuers.Values.Select(i => i.Keys.GetAsync(cancellationToken).AsTask()));
        return KnownSignIns;
    }

    private JwtAuthenticator Make(CompiledJwt compiled, Dictionary<IssuerPlace, IssuerKeys> known)
    {
        var place = IssuerPlace.Of(compiled.Settings.Issuer);
        return new JwtAuthenticator(
            compiled, known.GetValueOrDefault(place) ?? new IssuerKeys(place, _remote, _metrics, _time), _metrics,
            _time);
    }

    private sealed record Snapshot(
        FrozenDictionary<string, JwtAuthenticator> Issuers, AnonymousSettings? Anonymous);
}
