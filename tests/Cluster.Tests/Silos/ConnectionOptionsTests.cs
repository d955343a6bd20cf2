using System.Security.Authentication;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>What a silo is told of connections to its API holds for them.</summary>
public sealed class ConnectionOptionsTests
{
    private const string Origin = "https://example.com";

    [Fact]
    public async Task Old_TLS_is_refused_and_pages_of_other_origins_are_let_in()
    {
        var tokens = Path.GetTempFileName();
        await using var silo = await SiloProcess.StartInMemoryAsync(
            "--token-auth-file", tokens, "--tls-min-version", "VersionTLS13",
            "--cors-allowed-origins", @"//example\.com(:|$)");

        using var answer = await AskAsync(silo.Url, SslProtocols.Tls13);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(silo.Url, SslProtocols.Tls12));

        Assert.Equal([Origin], answer.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(HttpRequestError.SecureConnectionError, refused.HttpRequestError);
        File.Delete(tokens);
    }

    private static async Task<HttpResponseMessage> AskAsync(Uri url, SslProtocols version)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.EnabledSslProtocols = version;
#pragma warning disable CA5359 // who answers does not matter here
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, "/healthz"));
        request.Headers.Add("Origin", Origin);
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
