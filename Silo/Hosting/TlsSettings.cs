using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>How TLS is spoken with clients of the API.</summary>
public sealed record TlsSettings
{
    private const string Newest = "VersionTLS13";

    /// <summary>Upstream's default, which has nothing to do with the machine's.</summary>
    public const string DefaultVersion = "VersionTLS12";

#pragma warning disable SYSLIB0039, CA5397, CA5398 // upstream has them, for who must
    private static readonly OrderedDictionary<string, SslProtocols> ByName = new(StringComparer.Ordinal)
    {
        ["VersionTLS10"] = SslProtocols.Tls | SslProtocols.Tls11 | SslProtocols.Tls12 | SslProtocols.Tls13,
        ["VersionTLS11"] = SslProtocols.Tls11 | SslProtocols.Tls12 | SslProtocols.Tls13,
        [DefaultVersion] = SslProtocols.Tls12 | SslProtocols.Tls13,
        [Newest] = SslProtocols.Tls13,
    };
#pragma warning restore SYSLIB0039, CA5397, CA5398

    /// <summary>TLS 1.3's, which upstream always has and nobody chooses.</summary>
    private static readonly TlsCipherSuite[] OfNewest =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
    ];

    /// <summary>Those of crypto/tls of Go.</summary>
    private static readonly TlsCipherSuite[] Choosable =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    /// <summary>The same, which upstream calls insecure and accepts.</summary>
    private static readonly TlsCipherSuite[] Insecure =
    [
        TlsCipherSuite.TLS_RSA_WITH_RC4_128_SHA, TlsCipherSuite.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
        TlsCipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_RSA_WITH_AES_256_CBC_SHA,
        TlsCipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA256, TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_RSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_RC4_128_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    ];

    private static readonly Dictionary<string, TlsCipherSuite> Suites = new(
        OfNewest.Concat(Choosable).Concat(Insecure).Select(static s => KeyValuePair.Create(s.ToString(), s)),
        StringComparer.Ordinal)
    {
        ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"] = TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"] = TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    };

    /// <summary>The names of versions, the oldest first.</summary>
    public static IEnumerable<string> VersionNames => ByName.Keys;

    /// <summary>Versions that are spoken.</summary>
    public SslProtocols Versions { get; init; } = ByName[DefaultVersion];

    /// <summary>What they encrypt with; null for what the machine thinks good.</summary>
    public CipherSuitesPolicy? CipherSuites { get; init; }

    /// <summary>Certificates for names of an operator's own, the first before others.</summary>
    public IReadOnlyList<NamedCertificateFiles> Named { get; init; } = [];

    /// <summary>What upstream's flags say; null is what is not given.</summary>
    /// <exception cref="UserErrorException">There is no such version or suite.</exception>
    public static TlsSettings Read(string? oldest, IReadOnlyList<string> suites) => new()
    {
        Versions = ByName.TryGetValue(oldest ?? DefaultVersion, out var versions)
            ? versions
            : throw new UserErrorException($"unknown tls version {GoText.Quote(oldest!)}"),
        CipherSuites = suites.Count == 0 ? null : new CipherSuitesPolicy(suites.Select(Suite).Concat(OfNewest).Distinct()),
    };

    /// <summary>
    /// How handshakes go that show this certificate. To be made once for all of them: what TLS derives from it (the
    /// chain, OpenSSL's context) is kept in it, which is most of what a handshake costs otherwise.
    /// </summary>
    public SslServerAuthenticationOptions HandshakeWith(SslStreamCertificateContext certificate) => new()
    {
        EnabledSslProtocols = Versions,
        CipherSuitesPolicy = CipherSuites,
        ServerCertificateContext = certificate,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],

        // Who a client's certificate belongs to, and whether it is ours, is for the Authenticator: a bad one is a
        // 401, not a broken handshake, and none is fine. So nothing is looked up to build its chain here.
        ClientCertificateRequired = true,
#pragma warning disable CA5359 // it is the client's, and the Authenticator validates it
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
    };

    private static TlsCipherSuite Suite(string name) => Suites.TryGetValue(name, out var suite)
        ? suite
        : throw new UserErrorException($"Cipher suite {name} not supported or doesn't exist");
}
