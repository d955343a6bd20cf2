using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Metrics;

public sealed class TlsHandshakeErrorsTests
{
    [Fact]
    public async Task Only_handshakes_that_fail_are_counted()
    {
        using var authority = new TestAuthority();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<MetricCollector>();
        builder.Services.AddSingleton<TlsHandshakeErrors>();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(o => o.Listen(
            IPAddress.Loopback, 0, listen => listen.UseHttps(authority.Issue(["localhost"]))));
        await using var app = builder.Build();
        var collector = app.Services.GetRequiredService<MetricCollector>();
        app.Services.GetRequiredService<TlsHandshakeErrors>();
        await app.StartAsync();
        var port = new Uri(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First()).Port;

        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(port));
        Assert.Null(Errors(collector));
        await SendPlainTextAsync(port);
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(port));
        Assert.Equal(1, Errors(collector));
    }

    private static double? Errors(MetricCollector collector) => collector.Collect()
        .Where(static f => f.Instrument.Name == "apiserver_tls_handshake_errors_total")
        .SelectMany(static f => f.Read()).Select(static s => (double?)s.Value).SingleOrDefault();

    private static async Task<HttpStatusCode> AskAsync(int port)
    {
        using var handler = new HttpClientHandler();
        handler.ServerCertificateCustomValidationCallback = static (_, _, _, _) => true;
        using var client = new HttpClient(handler);
        using var answer = await client.GetAsync(FormattableString.Invariant($"https://localhost:{port}/"));
        return answer.StatusCode;
    }

    /// <summary>Returns when the server has closed the connection: by then it has counted.</summary>
    private static async Task SendPlainTextAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        var buffer = new byte[1024];
        try
        {
            while (await client.GetStream().ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // closed without a goodbye
        }
    }
}
