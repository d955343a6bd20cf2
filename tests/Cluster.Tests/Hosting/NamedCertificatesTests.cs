using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Silo.Hosting;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>Which certificate a client is shown by a real listener, by the name that it asks for.</summary>
public sealed class NamedCertificatesTests : IDisposable
{
    private const string Usual = "usual";

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("orc-names-");
    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _scratch.Delete(recursive: true);
        _authority.Dispose();
    }

    /// <param name="asked">What the client asks for; empty for nothing.</param>
    /// <param name="expected">The number of the certificate that it is shown.</param>
    /// <param name="certificates">Each with the names that it is for, then, after a colon, those of the option.</param>
    [Theory]
    [InlineData("a.example", "0", "a.example", "b.example")]
    [InlineData("B.Example", "1", "a.example", "b.example")]
    [InlineData("c.example", Usual, "a.example", "b.example")]
    [InlineData("", Usual, "a.example")]
    [InlineData("a.example", "0", "a.example", "a.example")]
    [InlineData("a.example", "1", "a.example", "b.example:a.example")]
    [InlineData("a.example", "1", "a.example", "b.example:a.example", "c.example:a.example")]
    [InlineData("x.example", "0", "*.example", "a.example")]
    [InlineData("a.example", "1", "*.example", "a.example")]
    [InlineData("x.y.example", Usual, "*.example")]
    [InlineData("x.example", "1", "a.example", "b.example:*.example")]
    [InlineData("b.example", "0", "b.example:other.example")]
    [InlineData("usual.example", Usual, "usual.example:other.example")]
    [InlineData("usual.example", "0", "a.example:usual.example")]
    [InlineData("", "1", "a.example:192.0.2.1", "b.example:127.0.0.1")]
    [InlineData("x.example", Usual, "b.example:127.0.0.1")]
    [InlineData("m\u00fcnchen.example", "0", "xn--mnchen-3ya.example")]
    public async Task A_certificate_is_shown_to_who_asks_for_it(
        string asked, string expected, params string[] certificates)
    {
        await using var server = await StartAsync(new NamedCertificates(Settings(certificates)));

        var shown = await ShownAsync(server, asked);

        Assert.Equal(expected == Usual ? Usual : Thumbprint($"{expected}.crt"), shown);
    }

    [Fact]
    public async Task Files_that_changed_are_shown_once_they_are_a_pair()
    {
        var settings = Settings(["a.example"]);
        var certificates = new NamedCertificates(settings);
        await using var server = await StartAsync(certificates);
        var first = await ShownAsync(server, "a.example");

        var next = Write("next", "b.example");
        File.Move(next.CertificateFile, settings.Named[0].CertificateFile, overwrite: true);
        var error = Assert.Throws<ConfigurationException>(() => certificates.Reload(settings.Named[0]));
        Assert.Equal("tls: private key does not match public key", error.Message);
        Assert.Equal(first, await ShownAsync(server, "a.example"));

        File.Move(next.KeyFile, settings.Named[0].KeyFile, overwrite: true);
        certificates.Reload(settings.Named[0]);
        Assert.Equal(Usual, await ShownAsync(server, "a.example"));
        Assert.Equal(Thumbprint("0.crt"), await ShownAsync(server, "b.example"));
    }

    /// <summary>Clients that know the authority only.</summary>
    [Fact]
    public void Certificates_up_to_the_authority_are_shown_too()
    {
        using var intermediate = new TestAuthority(_authority);
        var files = Write("chain", "a.example", intermediate);
        File.AppendAllBytes(files.CertificateFile, [(byte)'\n', .. intermediate.Bundle]);
        File.WriteAllBytes(Path.Combine(_scratch.FullName, "above.crt"), intermediate.Bundle);

        var context = files.Read().Context;

        Assert.Equal(Thumbprint("chain.crt"), context.TargetCertificate.Thumbprint);
        Assert.True(context.TargetCertificate.HasPrivateKey);
        Assert.Equal(Thumbprint("above.crt"), Assert.Single(context.IntermediateCertificates).Thumbprint);
    }

    [Fact]
    public void Files_are_followed_from_the_content_that_is_shown()
    {
        var settings = Settings(["a.example"]);
        var files = settings.Named[0];
        byte[][] read = [File.ReadAllBytes(files.CertificateFile), File.ReadAllBytes(files.KeyFile)];
        var certificates = new NamedCertificates(settings);
        File.Delete(files.CertificateFile);
        File.Delete(files.KeyFile);

        Assert.Equal(read, certificates.Followed.Select(static f => f.Content.ToArray()));
    }

    [Fact]
    public void A_malformed_certificate_after_the_first_is_refused_and_the_shown_one_stays()
    {
        var settings = Settings(["a.example"]);
        var certificates = new NamedCertificates(settings);
        var files = settings.Named[0];
        File.AppendAllText(
            files.CertificateFile, "\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

        var error = Assert.Throws<ConfigurationException>(() => certificates.Reload(files));

        Assert.StartsWith(files.Name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_under_a_label_of_another_form_is_refused()
    {
        var settings = Settings(["a.example"]);
        var files = settings.Named[0];
        var mislabelled = File.ReadAllText(files.KeyFile)
            .Replace("PRIVATE KEY", "EC PRIVATE KEY", StringComparison.Ordinal);
        File.WriteAllText(files.KeyFile, mislabelled);

        var error = Assert.Throws<UserErrorException>(() => new NamedCertificates(settings));

        Assert.Contains(files.Name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{none},{key}", "open {none}: no such file or directory")]
    [InlineData("{crt},{none}", "open {none}: no such file or directory")]
    [InlineData("{empty},{key}", "missing content for serving cert \"sni-serving-cert::{empty}::{key}\"")]
    [InlineData(",{key}", "missing filename for serving cert")]
    [InlineData("{key},{crt}", "tls: failed to find certificate PEM data in certificate input, but did find a private "
        + "key; PEM inputs may have been switched")]
    [InlineData("{crt},{crt}", "tls: found a certificate rather than a key in the PEM for the private key")]
    [InlineData("{crt},{other}", "tls: private key does not match public key")]
    public void What_is_no_certificate_with_its_key_is_refused(string given, string expected)
    {
        _ = (Write("a", "a.example"), Write("b", "b.example"));
        File.WriteAllText(Path.Combine(_scratch.FullName, "empty"), "");
        var files = NamedCertificateFiles.Parse(Filled(given));

        var error = Assert.Throws<UserErrorException>(() => new NamedCertificates(new TlsSettings { Named = [files] }));

        Assert.Equal($"failed to load SNI cert and key: {Filled(expected)}", error.Message);
    }

    private string Filled(string text) => text
        .Replace("{crt}", Path.Combine(_scratch.FullName, "a.crt"), StringComparison.Ordinal)
        .Replace("{key}", Path.Combine(_scratch.FullName, "a.key"), StringComparison.Ordinal)
        .Replace("{other}", Path.Combine(_scratch.FullName, "b.key"), StringComparison.Ordinal)
        .Replace("{empty}", Path.Combine(_scratch.FullName, "empty"), StringComparison.Ordinal)
        .Replace("{none}", Path.Combine(_scratch.FullName, "none"), StringComparison.Ordinal);

    private TlsSettings Settings(string[] certificates) => new()
    {
        Named =
        [
            .. certificates.Select((text, i) => text.Split(':') is [var own, var given]
                ? Write($"{i}", own) with { Names = [given] }
                : Write($"{i}", text)),
        ],
    };

    private NamedCertificateFiles Write(string name, string dnsName, TestAuthority? authority = null)
    {
        using var certificate = (authority ?? _authority).Issue([dnsName]);
        using var key = certificate.GetECDsaPrivateKey()!;
        var path = Path.Combine(_scratch.FullName, name);
        File.WriteAllText($"{path}.crt", certificate.ExportCertificatePem());
        File.WriteAllText($"{path}.key", key.ExportPkcs8PrivateKeyPem());
        return new NamedCertificateFiles($"{path}.crt", $"{path}.key", []);
    }

    private string Thumbprint(string file)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_scratch.FullName, file));
        return certificate.Thumbprint;
    }

    private async Task<RunningServer> StartAsync(NamedCertificates certificates)
    {
        var usual = _authority.Issue(["usual.example"]);
        var handshake = new TlsSettings().HandshakeWith(SslStreamCertificateContext.Create(usual, null, offline: true));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(
            IPAddress.Loopback, 0, listen => listen.UseHttps(certificates.Handshakes(() => handshake))));
        var app = builder.Build();
        await app.StartAsync(Cancellation);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new RunningServer(app, new Uri(addresses.First()).Port, usual);
    }

    private static async Task<string> ShownAsync(RunningServer server, string asked)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port, Cancellation);
        await using var stream = new SslStream(client.GetStream());
#pragma warning disable CA5359 // which one is shown is all that is of interest here
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = asked, RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            },
            Cancellation);
#pragma warning restore CA5359
        var shown = stream.RemoteCertificate!.GetCertHashString();
        return shown == server.Usual.Thumbprint ? Usual : shown;
    }

    private sealed record RunningServer(WebApplication App, int Port, X509Certificate2 Usual) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await App.DisposeAsync();
            Usual.Dispose();
        }
    }
}
