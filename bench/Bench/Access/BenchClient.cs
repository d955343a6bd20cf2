using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Bench.Access;

/// <summary>Requests of somebody, each of which must succeed.</summary>
public sealed class BenchClient(HttpClient http)
{
    private const string Json = "application/json";

    public Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, Json, cancellationToken);

    public Task<JsonNode> CreateAsync(string path, JsonNode item, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, item, Json, cancellationToken);

    public Task<JsonNode> PatchAsync(string path, JsonNode patch, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json", cancellationToken);

    /// <summary>Reads an answer to its end, and keeps nothing of it; a refusal is an answer.</summary>
    public async Task DrainAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(
            new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await body.CopyToAsync(Stream.Null, cancellationToken);
    }

    private async Task<JsonNode> SendAsync(
        HttpMethod method, string path, JsonNode? body, string type, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Version = http.DefaultRequestVersion,
            Content = body is null
                ? null
                : new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(type)),
        };
        using var answer = await http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new InvalidOperationException($"{method} {path}: {text}");
    }
}
