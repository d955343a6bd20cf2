using System.Net.Security;
using System.Security.Authentication;
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

    /// <summary>What upstream's flags say; null is what is not given.</summary>
    /// <exception cref="UserErrorException">There is no such version or suite.</exception>
    public static TlsSettings Read(string? oldest, IReadOnlyList<string> suites) => new()
    {
        Versions = ByName.TryGetValue(oldest ?? DefaultVersion, out var versions)
            ? versions
            : throw new UserErrorException($"unknown tls version {GoText.Quote(oldest!)}"),
        CipherSuites = suites.Count == 0 ? null : new CipherSuitesPolicy(suites.Select(Suite).Concat(OfNewest).Distinct()),
    };

    private static TlsCipherSuite Suite(string name) => Suites.TryGetValue(name, out var suite)
        ? suite
        : throw new UserErrorException($"Cipher suite {name} not supported or doesn't exist");
}
