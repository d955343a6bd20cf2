using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>The page's files alone, on loopback; what is not theirs is answered with 418.</summary>
public sealed class PageHost : IAsyncDisposable
{
    public const int NotTheirs = 418;

    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private PageHost(WebApplication app)
    {
        _app = app;
        _client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(app.Urls.First()),
        };
    }

    public static async Task<PageHost> StartAsync(IDashboardSignIn? signIn = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseDashboard(signIn);
        app.Run(static context =>
        {
            context.Response.StatusCode = NotTheirs;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        return new PageHost(app);
    }

    public Task<PageAnswer> GetAsync(string name, string encoding = "br") =>
        SendAsync(HttpMethod.Get, DashboardHost.Path + name, encoding);

    public async Task<PageAnswer> SendAsync(HttpMethod method, string path, string encoding = "")
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        using var answer = await _client.SendAsync(request);
        var headers = answer.Headers.Concat(answer.Content.Headers)
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new PageAnswer((int)answer.StatusCode, headers, await answer.Content.ReadAsByteArrayAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>What came back.</summary>
public sealed partial record PageAnswer(int Code, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    public string Policy() => Header("Content-Security-Policy");

    /// <summary>The files that a page names.</summary>
    public IEnumerable<string> Links() => Link().Matches(Text()).Select(static m => m.Groups[1].Value);

    public string Text()
    {
        using var body = new MemoryStream(Body);
        using Stream plain = Header("Content-Encoding") switch
        {
            "br" => new System.IO.Compression.BrotliStream(body, System.IO.Compression.CompressionMode.Decompress),
            "gzip" => new System.IO.Compression.GZipStream(body, System.IO.Compression.CompressionMode.Decompress),
            _ => body,
        };
        using var reader = new StreamReader(plain, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"(?:src|href)=""([\w\-.]+)""")]
    private static partial Regex Link();
}
