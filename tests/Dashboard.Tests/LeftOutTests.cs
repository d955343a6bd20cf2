using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>A silo that is told to leave out what people look at.</summary>
public sealed class LeftOutTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-left-out-");
    private SiloProcess? _silo;
    private HttpClient? _client;

    public async ValueTask InitializeAsync()
    {
        var tokens = Path.Combine(_directory.FullName, "tokens.csv");
        await File.WriteAllTextAsync(tokens, "admin-token,admin,admin,\"system:masters\"\n");
        _silo = await SiloProcess.StartInMemoryAsync(
            "--hollow-nodes", "1", "--token-auth-file", tokens, "--dashboard=false", "--logs=false", "--metrics=false");
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback =
            static (_, _, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
        _client = new HttpClient(handler) { BaseAddress = _silo.Url };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "admin-token");
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        await (_silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task What_is_left_out_says_so_and_all_else_is_served()
    {
        Assert.Equal(
            (HttpStatusCode.NotFound, "the dashboard is switched off at this server (--dashboard=false)\n"),
            await GetAsync("/dashboard/"));
        var (logs, text) = await GetAsync("/apis/logs.orc.dev/v1/lines");
        Assert.Equal(HttpStatusCode.NotImplemented, logs);
        Assert.Contains("logs are switched off at this server (--logs=false)", text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/apis/metrics.k8s.io/v1beta1/nodes")).Code);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/api/v1/nodes")).Code);

        // Operators ask for theirs, and figures of pods go with those of nodes.
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/orleans/")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/apis/custom.metrics.k8s.io/v1beta2")).Code);
    }

    private async Task<(HttpStatusCode Code, string Text)> GetAsync(string path)
    {
        using var answer = await _client!.GetAsync(new Uri(path, UriKind.Relative));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
