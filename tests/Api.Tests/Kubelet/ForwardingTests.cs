using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Negotiation;
using Xunit;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Tests.Kubelet;

/// <summary>What a client sees of a server behind the proxy.</summary>
public sealed class ForwardingTests
{
    private const string Prefix = "/api/v1/namespaces/s/services/web/proxy";

    private static readonly Regex[] Origins = [new(@"^https://example\.com$")];

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Every_method_reaches_the_server_with_what_it_carries(string method)
    {
        await using var server = await StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(Limit);
            await context.Response.WriteAsync(
                $"{context.Request.Method} {context.Features.Get<IHttpRequestFeature>()!.RawTarget} {body} " +
                $"{context.Request.Headers["X-Forwarded-Uri"]} {context.Request.Headers["X-Forwarded-For"]} {context.Request.Headers.Authorization}" +
                context.Request.Headers.Cookie);
        });
        await using var front = await FrontAsync(server.Urls.First());
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            BaseAddress = new Uri(front.Urls.First()),
        };
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{Prefix}/a%20b/?x=%2F");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer secret");
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "10.9.8.7");
        request.Headers.TryAddWithoutValidation("Cookie", "session=1");
        request.Content = method is "GET" ? null : new StringContent("body");
        using var answer = await http.SendAsync(request, Limit);
        Assert.Equal(
            $"{method} /a%20b/?x=%2F {(method is "GET" ? "" : "body")} {Prefix}/a b/ 10.9.8.7, 127.0.0.1 session=1",
            await answer.Content.ReadAsStringAsync(Limit));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Links_in_html_stay_below_the_proxy(string encoding)
    {
        var html = "<html><a href=\"/rewriteme\">test</a>" + new string('x', 100_000) + "<img src='/y'></html>";
        await using var server = await StartAsync(async context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            context.Response.Headers.ContentEncoding = encoding;
            context.Response.Headers["Access-Control-Allow-Origin"] = "*";
            await context.Response.Body.WriteAsync(Encoded(Encoding.UTF8.GetBytes(html), encoding), Limit);
        });
        await using var front = await FrontAsync(server.Urls.First());
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(front.Urls.First()) };
        using var answer = await http.GetAsync($"{Prefix}/", Limit);
        Assert.Equal(encoding, string.Join(',', answer.Content.Headers.ContentEncoding));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal(
            html.Replace("/rewriteme", $"{Prefix}/rewriteme", StringComparison.Ordinal)
                .Replace("'/y'", $"\"{Prefix}/y\"", StringComparison.Ordinal),
            Decoded(await answer.Content.ReadAsByteArrayAsync(Limit), encoding));
    }

    /// <summary>This server says who may read its answers; what one behind it says does not count.</summary>
    [Theory]
    [InlineData("https://example.com", "https://example.com")]
    [InlineData("https://evil.example", null)]
    public async Task Pages_of_other_origins_read_what_this_server_lets_them(string origin, string? allowed)
    {
        await using var server = await StartAsync(context =>
        {
            context.Response.Headers.AccessControlAllowOrigin = "*";
            return context.Response.WriteAsync("here");
        });
        await using var front = await FrontAsync(server.Urls.First());
        using var http = new HttpClient { BaseAddress = new Uri(front.Urls.First()) };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Prefix}/");
        request.Headers.Add("Origin", origin);
        using var answer = await http.SendAsync(request, Limit);
        Assert.Equal("here", await answer.Content.ReadAsStringAsync(Limit));
        Assert.Equal(
            allowed,
            answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var said) ? string.Join('|', said) : null);
    }

    [Theory]
    [InlineData("text/plain", "")]
    [InlineData("application/json", "")]
    [InlineData("text/html", "br")]
    public async Task Other_bodies_pass_as_they_are(string type, string encoding)
    {
        const string Body = "<a href=\"/x\">";
        await using var server = await StartAsync(context =>
        {
            context.Response.ContentType = type;
            context.Response.Headers.ContentEncoding = encoding;
            return context.Response.WriteAsync(Body);
        });
        await using var front = await FrontAsync(server.Urls.First());
        using var http = new HttpClient { BaseAddress = new Uri(front.Urls.First()) };
        Assert.Equal(Body, await http.GetStringAsync($"{Prefix}/", Limit));
    }

    [Theory]
    [InlineData("/x?a=1", Prefix + "/x?a=1")]
    [InlineData("x", "x")]
    [InlineData("http://elsewhere/x", "http://elsewhere/x")]
    public async Task Redirects_stay_below_the_proxy(string location, string expected)
    {
        await using var server = await StartAsync(context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = location;
            return Task.CompletedTask;
        });
        await using var front = await FrontAsync(server.Urls.First());
        using var http = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(front.Urls.First()) };
        using var answer = await http.GetAsync($"{Prefix}/", Limit);
        Assert.Equal(expected, answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task A_server_that_speaks_no_tls_is_told_in_gos_words()
    {
        await using var server = await StartAsync(context => context.Response.WriteAsync("plain"));
        await using var front = await FrontAsync(
            server.Urls.First().Replace("http:", "https:", StringComparison.Ordinal));
        using var http = new HttpClient { BaseAddress = new Uri(front.Urls.First()) };
        using var answer = await http.GetAsync($"{Prefix}/", Limit);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains(
            "error trying to reach service: tls: first record does not look like a TLS handshake",
            await answer.Content.ReadAsStringAsync(Limit), StringComparison.Ordinal);
    }

    // Old, not valid yet, for another name, signed by itself, and with a key that OpenSSL would not have.
    [Theory]
    [InlineData(2048, -400, -30)]
    [InlineData(2048, -20_000, 20_000)]
    [InlineData(2048, 30, 400)]
    [InlineData(1024, -400, 400)]
    public async Task Any_certificate_will_do(int bits, int fromDay, int toDay)
    {
        using var key = RSA.Create(bits);
        var request = new CertificateRequest("CN=nobody", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(fromDay), now.AddDays(toDay));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeTlsAsync(listener, certificate);
        await using var front = await FrontAsync($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        using var http = new HttpClient { BaseAddress = new Uri(front.Urls.First()) };
        Assert.Equal("tls baz", await http.GetStringAsync($"{Prefix}/", Limit));
        await serving;
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_status()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await using var front = await FrontAsync($"http://127.0.0.1:{port}");
        using var http = new HttpClient { BaseAddress = new Uri(front.Urls.First()) };
        using var answer = await http.GetAsync($"{Prefix}/", Limit);
        Assert.Equal(503, (int)answer.StatusCode);
        Assert.Contains(
            $"error trying to reach service: dial tcp 127.0.0.1:{port}: connect: connection refused",
            await answer.Content.ReadAsStringAsync(Limit),
            StringComparison.Ordinal);
    }

    private static async Task ServeTlsAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var socket = await listener.AcceptSocketAsync(Limit);
        await using var tls = new SslStream(new NetworkStream(socket));
#pragma warning disable SYSLIB0040
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate, EncryptionPolicy = EncryptionPolicy.AllowNoEncryption,
        };
#pragma warning restore SYSLIB0040
        await tls.AuthenticateAsServerAsync(options, Limit);
        await tls.ReadAtLeastAsync(new byte[4096], 1, cancellationToken: Limit);
        await tls.WriteAsync(
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntls baz"u8.ToArray(), Limit);
        await tls.ShutdownAsync();
    }

    private static byte[] Encoded(byte[] body, string encoding)
    {
        var result = new MemoryStream();
        using (Stream encoder = encoding switch
        {
            "gzip" => new GZipStream(result, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new DeflateStream(result, CompressionLevel.Optimal, leaveOpen: true),
            _ => new BufferedStream(result),
        })
        {
            encoder.Write(body);
            encoder.Flush();
        }

        return result.ToArray();
    }

    private static string Decoded(byte[] body, string encoding)
    {
        using Stream decoder = encoding switch
        {
            "gzip" => new GZipStream(new MemoryStream(body), CompressionMode.Decompress),
            "deflate" => new DeflateStream(new MemoryStream(body), CompressionMode.Decompress),
            _ => new MemoryStream(body),
        };
        using var reader = new StreamReader(decoder);
        return reader.ReadToEnd();
    }

    private static Task<WebApplication> FrontAsync(string server)
    {
        var connections = new ProxyConnections(_ => true);
        return StartAsync(
            async context =>
            {
                var rest = context.Features.Get<IHttpRequestFeature>()!.RawTarget[Prefix.Length..];
                var failure = await Forwarding.SendAsync(
                    context.RequestServices.GetRequiredService<IHttpForwarder>(),
                    context,
                    new Uri(server + rest),
                    connections.Invoker,
                    new ProxyPath(Prefix, rest.Split('?')[0]));
                if (failure is not null)
                {
                    await StatusJson.WriteAsync(context, failure);
                }
            },
            connections,
            Origins);
    }

    private static async Task<WebApplication> StartAsync(
        RequestDelegate serve, IDisposable? owned = null, IReadOnlyList<Regex>? origins = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddHttpForwarder();
        var app = builder.Build();
        app.Lifetime.ApplicationStopped.Register(() => owned?.Dispose());
        app.UseCrossOrigin(origins ?? []);
        app.Run(serve);
        await app.StartAsync(Limit);
        return app;
    }
}
