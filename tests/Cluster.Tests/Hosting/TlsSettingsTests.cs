using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>Which TLS is spoken, over real connections.</summary>
public sealed class TlsSettingsTests
{
    private const string Aes128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    private const string Aes256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    private const string ChaCha = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305";

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>All that are asked for here, which is more than the machine offers by itself.</summary>
    private static readonly CipherSuitesPolicy Offered = new(
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384,
    ]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, SslProtocols.Tls12, true)]
    [InlineData(null, SslProtocols.Tls13, true)]
    [InlineData("VersionTLS12", SslProtocols.Tls12, true)]
    [InlineData("VersionTLS13", SslProtocols.Tls12, false)]
    [InlineData("VersionTLS13", SslProtocols.Tls13, true)]
    public async Task Versions_that_are_too_old_are_refused(string? oldest, SslProtocols version, bool isSpoken)
    {
        var spoken = await SpeakAsync(TlsSettings.Read(oldest, []), version);

        Assert.Equal(isSpoken ? version : (SslProtocols?)null, spoken?.Version);
    }

    [Theory]
    [InlineData(Aes128, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)]
    [InlineData(Aes256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)]
    [InlineData(ChaCha, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)]
    [InlineData("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", null)]
    public async Task What_was_chosen_encrypts(string suite, TlsCipherSuite? expected)
    {
        var spoken = await SpeakAsync(TlsSettings.Read(null, [suite]), SslProtocols.Tls12);

        Assert.Equal(expected, spoken?.Suite);
    }

    /// <summary>TLS 1.3 has its suites whatever is chosen for what is older.</summary>
    [Theory]
    [InlineData(Aes128)]
    [InlineData("TLS_RSA_WITH_AES_128_CBC_SHA")]
    [InlineData("TLS_AES_128_GCM_SHA256")]
    public async Task The_newest_is_spoken_whatever_is_chosen(string suite)
    {
        var spoken = await SpeakAsync(TlsSettings.Read(null, [suite]), SslProtocols.Tls13);

        Assert.Equal(SslProtocols.Tls13, spoken?.Version);
    }

    /// <summary>What server and client agree on; null where they do not.</summary>
    private static async Task<(SslProtocols Version, TlsCipherSuite Suite)?> SpeakAsync(
        TlsSettings settings, SslProtocols version)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var caller = new TcpClient();
        await caller.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Cancellation);
        using var called = await listener.AcceptTcpClientAsync(Cancellation);
        await using var server = new SslStream(called.GetStream());
        await using var client = new SslStream(caller.GetStream());
        var answer = AnswerAsync(server, settings);
        try
        {
            await client.AuthenticateAsClientAsync(Client(version), Cancellation);
            await answer;
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => answer);
            return null;
        }

        return (client.SslProtocol, client.NegotiatedCipherSuite);
    }

    private static async Task AnswerAsync(SslStream server, TlsSettings settings)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(Now, Now.AddYears(10));
        await server.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                EnabledSslProtocols = settings.Versions,
                CipherSuitesPolicy = settings.CipherSuites,
            },
            Cancellation);
    }

#pragma warning disable CA5359 // what is shown is of no interest here
    private static SslClientAuthenticationOptions Client(SslProtocols version) => new()
    {
        TargetHost = "localhost",
        EnabledSslProtocols = version,
        CipherSuitesPolicy = Offered,
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
    };
#pragma warning restore CA5359
}
