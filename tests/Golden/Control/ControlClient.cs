using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>Sends the requests of steps over one connection.</summary>
internal sealed class ControlClient(Uri server, string token) : IDisposable
{
    /// <summary>How long a request that flow control turns away is sent again.</summary>
    private static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);

    private readonly RawHttpClient _client = new(server.Host, server.Port, server.Scheme == Uri.UriSchemeHttps);

    public async Task<RawAnswer> SendAsync(
        JsonObject request, ControlVariables variables, IReadOnlyDictionary<string, string>? more = null)
    {
        var text = request.TryGetPropertyValue("body", out var body)
            ? body?.ToJsonString(GoldenJson.Relaxed) ?? "null"
            : (string?)request["bodyText"];
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in request["headers"]?.AsObject() ?? [])
        {
            headers[name] = variables.Substitute((string)value!, more);
        }

        return await SendAsync(
            (string)request["method"]!, variables.Substitute((string)request["path"]!, more),
            text is null ? null : variables.Substitute(text, more), headers);
    }

    public async Task<RawAnswer> SendAsync(
        string method, string path, string? body = null, IReadOnlyDictionary<string, string>? more = null)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Host"] = $"{server.Host}:{server.Port}",
            ["User-Agent"] = "golden/1.0",
            ["Accept"] = "application/json",
            ["Authorization"] = $"Bearer {token}",
        };
        if (body is not null)
        {
            headers["Content-Type"] = "application/json";
        }

        foreach (var (name, value) in more ?? new Dictionary<string, string>())
        {
            headers[name] = value;
        }

        var bytes = body is null ? null : Encoding.UTF8.GetBytes(body);
        return await Patiently.LastAsync(
            BusyPatience, () => _client.SendAsync(method, path, headers, bytes), a => !IsBusy(a), BusyPause);
    }

    /// <summary>A merge patch.</summary>
    public Task<RawAnswer> MergeAsync(string path, JsonObject patch) => SendAsync(
        "PATCH", path, patch.ToJsonString(GoldenJson.Relaxed),
        new Dictionary<string, string> { ["Content-Type"] = "application/merge-patch+json" });

    public void Dispose() => _client.Dispose();

    /// <summary>Flow control says so; a disruption budget, which answers alike, is what a scenario is about.</summary>
    private static bool IsBusy(RawAnswer answer) =>
        answer.Status == 429 &&
        answer.Headers.Any(static h => h.Key.Equals("Retry-After", StringComparison.OrdinalIgnoreCase)) &&
        answer.Body.AsSpan().IndexOf("TooManyRequests"u8) >= 0 && answer.Body.AsSpan().IndexOf("disruption"u8) < 0;
}
