using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using k8s;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What is asked of the API for logs: parameters by name, of which empty ones do not count.</summary>
/// <param name="space">The namespace; empty for all.</param>
public sealed class LogReaderQuery(string space)
{
    private readonly Dictionary<string, string> _parameters = new(StringComparer.Ordinal);

    public string? this[string name]
    {
        set
        {
            if (!string.IsNullOrEmpty(value))
            {
                _parameters[name] = value;
            }
        }
    }

    /// <summary>The path with all parameters, and further ones.</summary>
    public string Path(params (string Name, string Value)[] further)
    {
        var root = space.Length == 0 ? "" : $"namespaces/{Uri.EscapeDataString(space)}/";
        var all = _parameters.Select(static p => (Name: p.Key, p.Value)).Concat(further);
        return $"apis/logs.orc.dev/v1/{root}lines?"
            + string.Join('&', all.Select(static p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));
    }
}

/// <summary>Reads logs from the API with the rights of a kubeconfig.</summary>
public sealed class LogReader : IDisposable
{
    private const int PageLines = 1000;

    private readonly Kubernetes _client;

    public LogReader(string kubeconfig) => _client = Kubeconfig.Connect(kubeconfig);

    public void Dispose() => _client.Dispose();

    /// <summary>
    /// The newest lines, so many at most and the oldest of them first; with no limit all, as they are found, from the
    /// oldest on. Then, when they are followed, those that come. Throws <see cref="UserErrorException"/> with the API's
    /// own words, also when it tells no more of those: they have no end.
    /// </summary>
    public async IAsyncEnumerable<JsonElement> ReadAsync(
        LogReaderQuery query, int limit, bool follows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (follows)
        {
            var path = query.Path(("limit", Number(Math.Clamp(limit, 1, PageLines))), ("watch", "true"));
            await foreach (var line in FollowAsync(path, cancellationToken))
            {
                yield return line;
            }

            yield break;
        }

        var newest = new List<JsonElement>();
        for (var next = ""; ;)
        {
            var page = await GetAsync(
                query.Path(
                    ("limit", Number(limit == 0 ? PageLines : Math.Min(PageLines, limit - newest.Count))),
                    ("order", limit == 0 ? "oldest" : "newest"),
                    ("continue", next)),
                cancellationToken);
            foreach (var line in page.GetProperty("items").EnumerateArray())
            {
                if (limit == 0)
                {
                    yield return line;
                }
                else
                {
                    newest.Add(line);
                }
            }

            next = page.GetProperty("metadata").TryGetProperty("continue", out var place) ? place.GetString()! : "";
            if (next.Length == 0 || (limit > 0 && newest.Count >= limit))
            {
                break;
            }
        }

        foreach (var line in Enumerable.Reverse(newest))
        {
            yield return line;
        }
    }

    /// <summary>The lines of the same container around one, itself included, the oldest first.</summary>
    public async Task<IReadOnlyList<JsonElement>> AroundAsync(
        string space, string cursor, int context, CancellationToken cancellationToken)
    {
        var query = new LogReaderQuery(space) { ["around"] = cursor, ["context"] = Number(context) };
        return [.. (await GetAsync(query.Path(), cancellationToken)).GetProperty("items").EnumerateArray()];
    }

    private async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(path, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var document = await JsonDocument.ParseAsync(body, default, cancellationToken);
        return document.RootElement.Clone();
    }

    private async IAsyncEnumerable<JsonElement> FollowAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendAsync(path, cancellationToken);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await events.ReadLineAsync(cancellationToken) is { } text)
        {
            using var document = JsonDocument.Parse(text);
            var item = document.RootElement.GetProperty("object");
            if (document.RootElement.GetProperty("type").ValueEquals("ERROR"))
            {
                throw new UserErrorException(
                    $"The cluster tells no more lines: {item.GetProperty("message").GetString()}");
            }

            yield return item.Clone();
        }

        throw new UserErrorException("The cluster tells no more lines: the connection has ended.");
    }

    private async Task<HttpResponseMessage> SendAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_client.BaseUri, path));
        if (_client.Credentials is { } credentials)
        {
            await credentials.ProcessHttpRequestAsync(request, cancellationToken);
        }

        try
        {
            var response = await _client.HttpClient.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.StatusCode == HttpStatusCode.OK ? response
                : throw await RefusedAsync(response, cancellationToken);
        }
        catch (HttpRequestException unreachable)
        {
            throw new UserErrorException($"The cluster at {_client.BaseUri} does not answer: {unreachable.Message}");
        }
    }

    private static async Task<UserErrorException> RefusedAsync(
        HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        response.Dispose();
        try
        {
            using var status = JsonDocument.Parse(text);
            var message = status.RootElement.GetProperty("message").GetString();
            return new UserErrorException($"The cluster refuses: {message}");
        }
        catch (Exception strange) when (strange is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new UserErrorException($"The cluster answers {(int)response.StatusCode}: {text}");
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
