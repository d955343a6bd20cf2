using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>An answer, read.</summary>
internal sealed record Answer(int Status, JsonNode Body, IReadOnlyList<string> Warnings, string? RetryAfter);

/// <summary>A server of one test's own.</summary>
internal sealed class Server(GoldenHost host) : IAsyncDisposable
{
    private const int MaxDepth = 1000;

    public IServiceProvider Services => host.Services;

    /// <summary>Whom tokens are for that this server takes.</summary>
    public IReadOnlyList<string> Audiences => Services.GetRequiredService<AuthOptions>().Audiences;

    public static async Task<Server> StartAsync(Action<IServiceCollection>? configure = null) =>
        new(await GoldenHost.StartAsync(configure: configure));

    public static async Task<Server> StartAsync(TimeProvider time, Func<AuthOptions, AuthOptions>? auth = null) =>
        new(await GoldenHost.StartAsync(
            configure: services => services.AddSingleton(time),
            configureSilo: silo => silo.Services.AddSingleton(time),
            auth: auth));

    public async Task<Answer> SendAsync(
        string method, string path, string? body = null, string type = "application/json",
        string? impersonate = null, string token = GoldenHost.Token, string? accept = null)
    {
        using var client = new RawHttpClient(host.Address.Host, host.Address.Port);
        List<KeyValuePair<string, string>> headers =
            [new("Host", "x"), new("Authorization", $"Bearer {token}"), new("Content-Type", type)];
        if (impersonate is not null)
        {
            headers.Add(new("Impersonate-User", impersonate));
        }

        if (accept is not null)
        {
            headers.Add(new("Accept", accept));
        }

        var answer =
            await client.SendAsync(method, path, headers, body is null ? null : Encoding.UTF8.GetBytes(body));
        var isText = answer.Headers.Any(static h =>
            h.Key == "Content-Type" && (h.Value.StartsWith("text/plain", StringComparison.Ordinal)
                || h.Value == "application/yaml"));
        return new Answer(
            answer.Status,
            isText
                ? JsonValue.Create(Encoding.UTF8.GetString(answer.Body))
                : JsonNode.Parse(answer.Body, null, new JsonDocumentOptions { MaxDepth = MaxDepth })!,
            [.. answer.Headers.Where(h => h.Key == "Warning").Select(h => h.Value)],
            answer.Headers.FirstOrDefault(h => h.Key == "Retry-After").Value);
    }

    /// <summary>Makes what a test needs to be there.</summary>
    public async Task<JsonNode> MakeAsync(string path, string body)
    {
        var made = await SendAsync("POST", path, body);
        Assert.True(made.Status == 201, made.Body.ToJsonString());
        return made.Body;
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
