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
    private readonly IReadOnlyList<string> _ownIssuers;
    private readonly bool _admitsAnonymous;
    private readonly TimeProvider _time;
    private readonly JwtMetrics _metrics;
    private volatile Snapshot _current = new(FrozenDictionary<string, JwtAuthenticator>.Empty, null);

    /// <param name="configuration">What is to be had at first.</param>
    /// <param name="ownIssuers">Those of service-account tokens, which no other may be.</param>
    /// <param name="admitsAnonymous">Whether requests of nobody are let in, where no configuration says.</param>
    /// <param name="remote">Calls the issuers.</param>
    /// <param name="metrics">Told of what came of it.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="Configuration.ConfigurationException">Something is wrong with the configuration.</exception>
    internal JwtIssuers(
        AuthenticationConfiguration configuration, IReadOnlyList<string> ownIssuers, bool admitsAnonymous,
        RemoteCaller remote, JwtMetrics metrics, TimeProvider time)
    {
        (_ownIssuers, _admitsAnonymous) = (ownIssuers, admitsAnonymous);
        (_remote, _metrics, _time) = (remote, metrics, time);
        Use(configuration);
    }

    /// <summary>Has these from now on; the keys of issuers that stay are kept.</summary>
    /// <exception cref="Configuration.ConfigurationException">Something is wrong; the old ones stay.</exception>
    public void Use(AuthenticationConfiguration configuration)
    {
        var compiled = JwtRules.Compile(configuration, _ownIssuers);
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
        : _admitsAnonymous;

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
            compiled, known.GetValueOrDefault(place) ?? new IssuerKeys(place, _remote, _metrics, _time),
            new DistributedClaims(compiled.Settings, _remote, _time), _metrics, _time);
    }

    private sealed record Snapshot(
        FrozenDictionary<string, JwtAuthenticator> Issuers, AnonymousSettings? Anonymous);
}
