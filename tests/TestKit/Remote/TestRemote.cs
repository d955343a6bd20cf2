using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>A real server that is called, by HTTPS or else HTTP: what it answers, a test says.</summary>
public sealed class TestRemote : IAsyncDisposable
{
    private readonly WebApplication _app;

    private readonly string _scheme;

    private TestRemote(WebApplication app, string scheme) => (_app, _scheme) = (app, scheme);

    public int Port { get; private set; }

    /// <summary>Bodies of POSTs, in the order in which they came.</summary>
    public ConcurrentQueue<JsonNode> Calls { get; } = new();

    /// <summary>The protocols that requests came in.</summary>
    public ConcurrentBag<string> Protocols { get; } = [];

    /// <summary>Starts one.</summary>
    /// <param name="certificate">What it shows; null for HTTP.</param>
    /// <param name="answer">Answers.</param>
    /// <param name="protocols">What it offers.</param>
    /// <param name="asksForCertificate">It wants to know who calls.</param>
    public static async Task<TestRemote> StartAsync(
        X509Certificate2? certificate, Func<TestRemote, HttpContext, Task> answer,
        HttpProtocols protocols = HttpProtocols.Http1AndHttp2, bool asksForCertificate = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(o =>
        {
            o.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = certificate is null ? HttpProtocols.Http1 : protocols;
                if (certificate is null)
                {
                    return;
                }

                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate,
                    ClientCertificateMode = asksForCertificate
                        ? ClientCertificateMode.AllowCertificate
                        : ClientCertificateMode.NoCertificate,
                    ClientCertificateValidation = static (_, _, _) => true,
                });
            });
        });
        var app = builder.Build();
        var server = new TestRemote(app, certificate is null ? "http" : "https");
        app.UseWebSockets();
        app.Run(context =>
        {
            server.Protocols.Add(context.Request.Protocol);
            return answer(server, context);
        });
        await app.StartAsync();
        server.Port = new Uri(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return server;
    }

    /// <summary>Reads a question, and keeps it.</summary>
    public async Task<JsonNode> ReadAsync(HttpContext context)
    {
        var question = (await JsonNode.ParseAsync(context.Request.Body))!;
        Calls.Enqueue(question);
        return question;
    }

    public string Url(string path) => FormattableString.Invariant($"{_scheme}://localhost:{Port}{path}");

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
