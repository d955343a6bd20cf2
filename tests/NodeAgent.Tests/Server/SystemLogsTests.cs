using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.NodeAgent.Server;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>The machine's logs over HTTP.</summary>
public sealed class SystemLogsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orc-logs-").FullName;
    private WebApplication? _app;
    private HttpClient? _http;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "apt"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "sys log"), "one\ntwo\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "apt", "<history>"), "three\n");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore().AddDirectoryBrowser();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        SystemLogs.Serve(_app, _folder);
        await _app.StartAsync(TestContext.Current.CancellationToken);
        _http = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        await (_app?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("/logs/sys%20log", "one\ntwo\n")]
    [InlineData("/logs/", "<a href=\"apt/\">apt/</a>\n<a href=\"sys%20log\">sys log</a>\n</pre>\n")]
    [InlineData("/logs/apt", "<a href=\"%3Chistory%3E\">&lt;history&gt;</a>\n</pre>\n")]
    public async Task FilesAndDirectoriesAreRead(string path, string end)
    {
        var text = await _http!.GetStringAsync(
            new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.EndsWith(end, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/logs/missing")]
    [InlineData("GET", "/logs/..%2F..%2Fetc%2Fpasswd")]
    [InlineData("GET", "/logs/%2e%2e/secret")]
    [InlineData("PUT", "/logs/sys%20log")]
    [InlineData("DELETE", "/logs/sys%20log")]
    public async Task NothingElseIs(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await _http!.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.True(File.Exists(Path.Combine(_folder, "sys log")));
    }
}
