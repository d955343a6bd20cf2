using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text.Json;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>Orleans' own dashboard is there where it was asked for, and for administrators.</summary>
public sealed class OrleansDashboardTests : IAsyncLifetime
{
    private const string Users = """
        admin-token,admin,admin,"system:masters"
        guest-token,guest,guest,"guests"
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-orleans-");
    private SiloProcess? _silo;
    private HttpClient? _client;

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var tokens = Path.Combine(_directory.FullName, "tokens.csv");
        await File.WriteAllTextAsync(tokens, Users, Limit);
        _silo = await SiloProcess.StartInMemoryAsync("--token-auth-file", tokens, "--orleans-dashboard");
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback =
            static (_, _, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
        _client = new HttpClient(handler) { BaseAddress = _silo.Url };
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        await (_silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Administrators_see_grains_and_silos_and_nobody_else_does()
    {
        var page = await GetAsync("/orleans/", "admin-token");
        Assert.Equal(HttpStatusCode.OK, page.Code);
        Assert.Contains("index.min.js", page.Text, StringComparison.Ordinal);
        var counters = await GetAsync("/orleans/DashboardCounters", "admin-token");
        Assert.Equal(HttpStatusCode.OK, counters.Code);
        using var document = JsonDocument.Parse(counters.Text);
        Assert.Equal(1, document.RootElement.GetProperty("hosts").GetArrayLength());
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/orleans/nothing", "admin-token")).Code);
        foreach (var path in (string[])["/orleans", "/orleans/", "/orleans/DashboardCounters", "/orleans/GrainState"])
        {
            var refused = await GetAsync(path, "guest-token");
            Assert.Equal(HttpStatusCode.Forbidden, refused.Code);
            Assert.Contains($"cannot get path \\\"{path}\\\"", refused.Text, StringComparison.Ordinal);
        }
    }

    private async Task<(HttpStatusCode Code, string Text)> GetAsync(string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _client!.SendAsync(request, Limit);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Limit));
    }
}
