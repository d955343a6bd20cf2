using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Certificates;

namespace OrleansOrchestrator.Api.Auth.RequestHeaders;

/// <summary>
/// Users that a proxy vouches for: it proves itself by a certificate of authorities that sign for proxies, and names
/// the user in headers. Nobody else is believed a word of them.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="proxies">Whom to believe; null for nobody.</param>
/// <param name="client">What this server shows as a proxy itself; null for a certificate of its own authority.</param>
public sealed class RequestHeaderUsers(
    TimeProvider time, RequestHeaderSettings? proxies = null, ProxyClientFiles? client = null)
{
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    /// <summary>Headers by which proxies here name users; null where there are no proxies.</summary>
    private readonly FrozenSet<string>? _names = proxies is null ? null : NamesOf(proxies);

    private volatile Authorities? _authorities =
        proxies is null ? null : Authorities.Of(proxies.AuthorityPem);

    /// <summary>Takes other authorities.</summary>
    /// <exception cref="ConfigurationException">They are none.</exception>
    public void Use(string authorityPem) => _authorities = Authorities.Of(authorityPem);

    /// <summary>Fails, in upstream's words, when a text has no certificates.</summary>
    public static void Check(string authorityPem) => _ = Authorities.Of(authorityPem);

    /// <summary>
    /// For whom a request is; null when no proxy says so.
    /// </summary>
    public UserIdentity? Find(X509Certificate2 certificate, IHeaderDictionary headers)
    {
        if (proxies is null || _authorities is not { } authorities
            || First(headers, proxies.UsernameHeaders) is not { } name
            || !authorities.Trust(certificate, time.GetUtcNow()) || !IsAllowed(proxies, certificate))
        {
            return null;
        }

        return new UserIdentity
        {
            Name = name,
            Uid = First(headers, proxies.UidHeaders) ?? "",
            Groups = Groups(name, [.. proxies.GroupHeaders.SelectMany(h => headers[h]).OfType<string>()]),
            Extra = Extra(headers, proxies.ExtraHeaderPrefixes),
        };
    }

    /// <summary>
    /// Takes out of a request what names a user, whoever sent it: headers of the usual names, and of those that
    /// proxies here use. A server behind that believes this one would take them for its word.
    /// </summary>
    public void Clear(IHeaderDictionary headers)
    {
        // Every request comes here, and nearly none has any.
        List<string>? found = null;
        foreach (var (name, _) in headers)
        {
            if (NamesUser(name))
            {
                (found ??= []).Add(name);
            }
        }

        if (found is not null)
        {
            foreach (var name in found)
            {
                headers.Remove(name);
            }
        }
    }

    /// <summary>What servers of aggregated APIs are told of proxies: of this server, unless it has a certificate of
    /// others, and of those before it.</summary>
    /// <param name="ownAuthority">Who signs for this server.</param>
    public FrontProxyTrust Published(string ownAuthority)
    {
        var own = FrontProxyTrust.Of(client is null ? ownAuthority : "");
        if (proxies is not { } others || _authorities is not { } authorities)
        {
            return own;
        }

        return new FrontProxyTrust
        {
            AuthorityPem = string.Join(
                '\n', new[] { own.AuthorityPem, authorities.Pem }.Where(static p => p.Length > 0)
                    .Select(static p => p.TrimEnd())) + "\n",
            AllowedNames = others.AllowedNames.Count == 0
                ? []
                : [.. own.AllowedNames.Union(others.AllowedNames, StringComparer.Ordinal)],
            UserHeaders = Both(own.UserHeaders, others.UsernameHeaders),
            UidHeaders = Both(own.UidHeaders, others.UidHeaders),
            GroupHeaders = Both(own.GroupHeaders, others.GroupHeaders),
            ExtraHeaderPrefixes = Both(own.ExtraHeaderPrefixes, others.ExtraHeaderPrefixes),
        };
    }

    private static FrozenSet<string> NamesOf(RequestHeaderSettings proxies) =>
        proxies.UsernameHeaders.Concat(proxies.UidHeaders).Concat(proxies.GroupHeaders)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static List<string> Both(IEnumerable<string> own, IEnumerable<string> others) =>
        [.. own.Union(others, StringComparer.OrdinalIgnoreCase)];

    private static bool IsAllowed(RequestHeaderSettings settings, X509Certificate2 certificate) =>
        settings.AllowedNames.Count == 0
        || settings.AllowedNames.Contains(SubjectNames.CommonName(certificate.SubjectName));

    private static string? First(IHeaderDictionary headers, IEnumerable<string> names) =>
        names.Select(h => headers[h].FirstOrDefault()).FirstOrDefault(static v => !string.IsNullOrEmpty(v));

    /// <summary>Who is somebody is authenticated, as all are that come with credentials of their own.</summary>
    private static IReadOnlyList<string> Groups(string name, IReadOnlyList<string> told) =>
        name == SystemNames.Anonymous
        || told.Any(static g => g is SystemNames.Authenticated or SystemNames.Unauthenticated)
            ? told
            : [.. told, SystemNames.Authenticated];

    private static Dictionary<string, IReadOnlyList<string>> Extra(
        IHeaderDictionary headers, IReadOnlyList<string> prefixes)
    {
        var result = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var prefix in prefixes)
        {
            foreach (var (name, values) in headers.Where(h => HasPrefix(h.Key, prefix)))
            {
                var key = GoUrl.UnescapeName(name[prefix.Length..].ToLowerInvariant());
                result[key] = [.. result.GetValueOrDefault(key, []), .. values.OfType<string>()];
            }
        }

        return result;
    }

    private static bool HasPrefix(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);

    private bool NamesUser(string name) =>
        FrontProxy.NamesUser(name)
        || (proxies is not null
            && (_names?.Contains(name) == true || HasAnyPrefix(name, proxies.ExtraHeaderPrefixes)));

    private static bool HasAnyPrefix(string name, IReadOnlyList<string> prefixes)
    {
        for (var i = 0; i < prefixes.Count; i++)
        {
            if (HasPrefix(name, prefixes[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Authorities, and what was found out of certificates: their chain is built once a connection.</summary>
    private sealed class Authorities
    {
        private readonly X509Certificate2Collection _all = [];
        private readonly ConditionalWeakTable<X509Certificate2, object> _judged = [];

        public required string Pem { get; init; }

        public static Authorities Of(string pem)
        {
            var result = new Authorities { Pem = pem };
            try
            {
                result._all.ImportFromPem(pem);
            }
            catch (CryptographicException error)
            {
                throw new ConfigurationException($"unable to load request-header-client-ca-file: {error.Message}");
            }

            return result._all.Count > 0
                ? result
                : throw new ConfigurationException(
                    "unable to load request-header-client-ca-file: data does not contain any valid RSA or ECDSA "
                    + "certificates");
        }

        public bool Trust(X509Certificate2 certificate, DateTimeOffset now) =>
            now >= certificate.NotBefore.ToUniversalTime() && now <= certificate.NotAfter.ToUniversalTime()
            && (bool)_judged.GetValue(certificate, c => (object)IsTrusted(c));

        private bool IsTrusted(X509Certificate2 certificate)
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(_all);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.DisableCertificateDownloads = true;
            chain.ChainPolicy.VerificationTime = certificate.NotBefore;
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientUsage));
            return chain.Build(certificate);
        }
    }
}
