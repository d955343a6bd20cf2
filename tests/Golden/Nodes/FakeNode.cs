using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Security;
using Xunit;

namespace OrleansOrchestrator.Golden.Nodes;

/// <summary>
/// A node named <c>n</c> whose HTTPS port a test serves, with a pod <c>p</c> (container <c>c</c>) on it.
/// </summary>
public sealed class FakeNode : IAsyncLifetime
{
    private GoldenHost _host = null!;
    private WebApplication _app = null!;

    public Uri Api => _host.Address;

    /// <summary>The services of the API.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>What the node answers.</summary>
    public RequestDelegate Serve { get; set; } = _ => throw new InvalidOperationException("nobody asks the node");

    /// <summary>True for somebody else at the node's address, with another node's certificate.</summary>
    public bool IsImpostor { get; init; }

    public static async Task<FakeNode> StartAsync(RequestDelegate serve)
    {
        var node = new FakeNode { Serve = serve };
        await node.InitializeAsync();
        return node;
    }

    public async ValueTask InitializeAsync()
    {
        _host = await GoldenHost.StartAsync();
        var order = new CertificateOrder
        {
            CommonName = $"system:node:{(IsImpostor ? "other" : "n")}", Organizations = ["system:nodes"],
            IpAddresses = ["127.0.0.1"],
            Validity = TimeSpan.FromHours(1),
        };
        var issued = await _host.Services.GetRequiredService<TrustStore>()
            .Signer.IssueAsync(order, CancellationToken.None);
        using var pem = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            });
        }));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(context => Serve(context));
        await _app.StartAsync();
        await CreateObjectsAsync(_host, new Uri(_app.Urls.First()).Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        await _host.DisposeAsync();
    }

    private static async Task CreateObjectsAsync(GoldenHost host, int port)
    {
        const string Space = "/api/v1/namespaces/default";
        var made = new (string Path, string Json)[]
        {
            ("/api/v1/nodes",
                """{"metadata":{"name":"n"},"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],""" +
                $"\"daemonEndpoints\":{{\"kubeletEndpoint\":{{\"Port\":{port}}}}}}}}}"),
            ($"{Space}/serviceaccounts", """{"metadata":{"name":"default"}}"""),
            ($"{Space}/pods", """{"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}"""),
        };
        using var client = new RawHttpClient(host.Address.Host, host.Address.Port);
        foreach (var (path, json) in made)
        {
            var answer = await client.SendAsync("POST", path, Headers(), Encoding.UTF8.GetBytes(json));
            Assert.Equal(201, answer.Status);
        }
    }

    /// <summary>The headers of an administrator's request.</summary>
    public static List<KeyValuePair<string, string>> Headers(params KeyValuePair<string, string>[] more) =>
        [new("Host", "x"), new(
            "Authorization", $"Bearer {GoldenHost.Token}"), new("Content-Type", "application/json"), .. more];
}
