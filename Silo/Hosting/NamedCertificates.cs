using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Certificates;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Which certificate the API shows to whom (upstream's <c>dynamiccertificates</c>, and what crypto/tls makes of it):
/// by the name that a client asks for, else by the address that it came to, and its usual one to all others. Names that
/// an option has go before those of certificates, whole names before those with a star for their first part, and of
/// two certificates for one name the first. A star stands for exactly one part.
/// </summary>
public sealed class NamedCertificates
{
    private static readonly IdnMapping Internationalised = new();

    private readonly TlsSettings _tls;
    private readonly Lock _lock = new();
    private readonly Shown[] _shown;
    private volatile Dictionary<string, Shown> _byName;

    /// <exception cref="UserErrorException">A certificate cannot be used.</exception>
    public NamedCertificates(TlsSettings tls)
    {
        _tls = tls;
        try
        {
            _shown = [.. tls.Named.Select(Read)];
        }
        catch (ConfigurationException error)
        {
            throw new UserErrorException($"failed to load SNI cert and key: {error.Message}");
        }

        _byName = ByName(_shown);
    }

    /// <summary>The files, with the content that is shown.</summary>
    /// <remarks>A change of one of two alone may be no pair; then the other's change finds one.</remarks>
    public IEnumerable<FollowedFile> Followed => _shown.SelectMany(s => new[]
    {
        new FollowedFile(s.Files.CertificateFile, "tls_sni_cert", s.CertificateContent, _ => Reload(s.Files)),
        new FollowedFile(s.Files.KeyFile, "tls_sni_key", s.KeyContent, _ => Reload(s.Files)),
    });

    /// <summary>How handshakes go, for a listener.</summary>
    /// <param name="usual">How they go with who asks for none of these names.</param>
    public TlsHandshakeCallbackOptions Handshakes(Func<SslServerAuthenticationOptions> usual) => new()
    {
        OnConnection = hello => ValueTask.FromResult(Choose(hello, usual())),
    };

    /// <summary>Has files that have changed read anew.</summary>
    /// <exception cref="ConfigurationException">They cannot be used; what is shown stays.</exception>
    public void Reload(NamedCertificateFiles files)
    {
        lock (_lock)
        {
            var changed = Read(files);
            _shown[Array.FindIndex(_shown, s => ReferenceEquals(s.Files, files))] = changed;
            _byName = ByName(_shown);
        }
    }

    private static Dictionary<string, Shown> ByName(IReadOnlyList<Shown> shown)
    {
        var named = new Dictionary<string, Shown>(StringComparer.Ordinal);
        foreach (var (name, one) in shown.SelectMany(static s => s.Files.Names.Select(n => (n, s))))
        {
            named.TryAdd(name, one);
        }

        foreach (var one in shown.Where(static s => s.Files.Names.Count == 0))
        {
            foreach (var name in one.OwnNames)
            {
                named.TryAdd(name, one);
            }
        }

        return named;
    }

    /// <summary>Addresses are left out: nobody may ask for one by name.</summary>
    /// <exception cref="CryptographicException">It has an extension twice, which X.509 forbids.</exception>
    private static IEnumerable<string> OwnNames(X509Certificate2 certificate)
    {
        if (certificate.Extensions.CountBy(static e => e.Oid!.Value!)
            .FirstOrDefault(static e => e.Value > 1).Key is { } twice)
        {
            throw new CryptographicException(
                $"x509: certificate contains duplicate extension with OID {GoText.Quote(twice)}");
        }

        var common = SubjectNames.CommonName(certificate.SubjectName);
        var stem = common.StartsWith("*.", StringComparison.Ordinal) ? common[2..] : common;
        if (NetworkRules.ParseSloppy(common) is null && (common == "*" || NameRules.IsDnsSubdomain(stem)))
        {
            yield return common;
        }

        foreach (var name in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(static e => e.EnumerateDnsNames()))
        {
            yield return name;
        }
    }

    private SslServerAuthenticationOptions Choose(
        TlsHandshakeCallbackContext hello, SslServerAuthenticationOptions usual)
    {
        var byName = _byName;
        if (byName.Count == 0)
        {
            return usual;
        }

        var asked = Encoded(hello.ClientHelloInfo.ServerName).ToLowerInvariant();
        var found = asked.Length == 0 ? ByAddress(byName, hello.Connection) : Matching(byName, asked);
        return found?.Handshake ?? ByCertificate(asked, usual) ?? usual;
    }

    /// <summary>As certificates have it: .NET decodes internationalised names.</summary>
    private static string Encoded(string asked)
    {
        try
        {
            return Ascii.IsValid(asked) ? asked : Internationalised.GetAscii(asked);
        }
        catch (ArgumentException)
        {
            return asked;
        }
    }

    private static Shown? ByAddress(Dictionary<string, Shown> byName, ConnectionContext connection)
    {
        var address = (connection.LocalEndPoint as IPEndPoint)?.Address;
        var text = (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "";
        return byName.GetValueOrDefault(text) ?? byName.GetValueOrDefault("");
    }

    private static Shown? Matching(Dictionary<string, Shown> byName, string asked)
    {
        var dot = asked.IndexOf('.', StringComparison.Ordinal);
        return byName.GetValueOrDefault(asked) ?? byName.GetValueOrDefault(dot < 0 ? "*" : $"*{asked[dot..]}");
    }

    /// <summary>One that was given other names, but is for the one asked for, unlike the usual one.</summary>
    private SslServerAuthenticationOptions? ByCertificate(string asked, SslServerAuthenticationOptions usual) =>
        Uri.CheckHostName(asked) != UriHostNameType.Dns
            || IsFor(usual.ServerCertificateContext!.TargetCertificate, asked)
            ? null
            : Array.Find(_shown, s => IsFor(s.Certificate, asked))?.Handshake;

    private static bool IsFor(X509Certificate2 certificate, string name) =>
        certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false);

    private Shown Read(NamedCertificateFiles files)
    {
        try
        {
            var (context, certificate, key) = files.Read();
            var names = OwnNames(context.TargetCertificate).ToArray();
            return new Shown(
                files, certificate, key, context.TargetCertificate, names, _tls.HandshakeWith(context));
        }
        catch (Exception malformed) when (malformed is CryptographicException or ArgumentException)
        {
            throw new ConfigurationException($"{files.Name}: {malformed.Message}");
        }
    }

    /// <param name="Files">Where it comes from.</param>
    /// <param name="CertificateContent">What was read there.</param>
    /// <param name="KeyContent">The same, of its key.</param>
    /// <param name="Certificate">The certificate itself.</param>
    /// <param name="OwnNames">Whom it is for itself.</param>
    /// <param name="Handshake">How the handshakes go that show it.</param>
    private sealed record Shown(
        NamedCertificateFiles Files, byte[] CertificateContent, byte[] KeyContent, X509Certificate2 Certificate,
        IReadOnlyList<string> OwnNames, SslServerAuthenticationOptions Handshake);
}
