using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Interfaces.Security;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>
/// A Node's address is what somebody wrote into its status: the API itself, another node, anybody. Only the very node
/// gets the API's requests, and what it gets opens nothing else.
/// </summary>
public sealed class NodeConnectionTests(SecurityServer server) : IClassFixture<SecurityServer>
{
    [Theory]
    [InlineData("lure-api", "kube-apiserver", "", true, false)]
    [InlineData("lure-other", "system:node:n1", "system:nodes", true, false)]
    [InlineData("lure-prefix", "system:node:lure-prefix2", "system:nodes", true, false)]
    [InlineData("lure-admin", "kubernetes-admin", "system:masters", true, false)]
    [InlineData("lure-foreign", "system:node:lure-foreign", "system:nodes", false, false)]
    [InlineData("good", "system:node:good", "system:nodes", true, true)]
    public async Task OnlyTheVeryNodeIsSpokenTo(string node, string shown, string group, bool isOurs, bool isReached)
    {
        await using var there = await Listener.StartAsync(await IssueAsync(shown, group, isOurs));
        await CreateNodeAsync(node, there.Port);

        var answer = await server.SendAsync("GET", $"/api/v1/nodes/{node}/proxy/api/v1/secrets");

        Assert.Equal(isReached, there.Client is not null);
        Assert.Equal(isReached ? 200 : 503, answer.Status);
        if (there.Client is { } client)
        {
            // The key that the node has seen at work opens nothing, here or there.
            Assert.Contains($"O={SystemNames.KubeletClients}", client, StringComparison.Ordinal);
            Assert.DoesNotContain(SystemNames.Masters, client, StringComparison.Ordinal);
            Assert.Empty(there.Credentials);
        }
    }

    [Fact]
    public async Task ANodeWithoutAddressesIsSaidToHaveNone()
    {
        var created = await server.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"nowhere"}}""");
        Assert.Equal(201, created.Status);
        var answer = await server.SendAsync("GET", "/api/v1/nodes/nowhere/proxy/");
        Assert.Equal(
            (500, "no preferred addresses found; known addresses: []"), (answer.Status, answer.Message));
    }

    private async Task CreateNodeAsync(string name, int port)
    {
        var created = await server.SendAsync("POST", "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        Assert.Equal(201, created.Status);
        var status = """
            {"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":1}}}}
            """.Replace(":1}", $":{port.ToString(CultureInfo.InvariantCulture)}}}", StringComparison.Ordinal);
        var patched = await server.SendAsync(
            "PATCH", $"/api/v1/nodes/{name}/status", status, "application/merge-patch+json");
        Assert.True(patched.Status == 200, patched.Message);
    }

    private async Task<X509Certificate2> IssueAsync(string name, string group, bool isOurs)
    {
        var order = new CertificateOrder
        {
            CommonName = name, Organizations = group.Length == 0 ? [] : [group], IpAddresses = ["127.0.0.1"],
            Validity = TimeSpan.FromHours(1),
        };
        var now = TimeProvider.System.GetUtcNow();
        var (pem, key) = CertificateAuthority.Create("test", now);
        using var foreign = X509Certificate2.CreateFromPem(pem, key);
        var issued = isOurs
            ? await server.Host.Services.GetRequiredService<TrustStore>()
                .Signer.IssueAsync(order, CancellationToken.None)
            : CertificateAuthority.Issue(foreign, order, now);
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Somebody at a node's address, who notes what arrives.</summary>
    private sealed class Listener(WebApplication app) : IAsyncDisposable
    {
        /// <summary>Subject of the certificate that came with a request; null when none came.</summary>
        public string? Client { get; private set; }

        /// <summary>Headers that could be used elsewhere.</summary>
        public List<string> Credentials { get; } = [];

        public int Port { get; private set; }

        public static async Task<Listener> StartAsync(X509Certificate2 certificate)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseKestrelHttpsConfiguration();
            builder.WebHost.ConfigureKestrel(
                kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            })));
            var listener = new Listener(builder.Build());
            listener.Run();
            await listener.StartAsync();
            return listener;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private void Run() => app.Run(context =>
        {
            Client = context.Connection.ClientCertificate?.Subject ?? "";
            Credentials.AddRange(context.Request.Headers.Keys.Where(
                h => h is "Authorization" or "Cookie"
                    || h.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase)));
            return context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes("{}")).AsTask();
        });

        private async Task StartAsync()
        {
            await app.StartAsync();
            Port = new Uri(app.Urls.First()).Port;
        }
    }
}
