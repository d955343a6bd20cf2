using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What clients of the API meet in a handshake.</summary>
public sealed class ServingCertificateTests
{
    [Fact]
    public async Task Handshakes_are_as_the_options_say()
    {
        var tls = TlsSettings.Read("VersionTLS13", ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]);
        await using var server = await Server.StartAsync();
        using var serving = new ServingCertificate(
            server.Services.GetRequiredService<TrustStore>(), new SiloOptions { Tls = tls }, TimeProvider.System,
            NullLogger<ServingCertificate>.Instance);

        await serving.StartAsync(CancellationToken.None);
        await serving.StopAsync(CancellationToken.None);

        Assert.Equal(tls.Versions, serving.Handshake.EnabledSslProtocols);
        Assert.NotNull(serving.Handshake.CipherSuitesPolicy);
        Assert.Same(tls.CipherSuites, serving.Handshake.CipherSuitesPolicy);
    }
}
