using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden;

/// <summary>How a step went: no differences is a pass.</summary>
public sealed record StepResult(string Scenario, string Step, string Request, IReadOnlyList<string> Differences)
{
    public string Id => $"{Scenario}#{Step}";

    public bool Passed => Differences.Count == 0;

    public TimeSpan Elapsed { get; init; }
}

/// <summary>Replays scenarios against a server and compares its answers.</summary>
public sealed class GoldenReplayer(string host, int port, string token)
{
    private static readonly string[] KeptHeaders =
        ["Content-Type", "Warning", "Retry-After", "Allow", "Location", "Www-Authenticate", "Accept-Patch"];

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(150);

    /// <summary>Here everything settles at once, when the machine has nothing else to do.</summary>
    private static readonly TimeSpan RetryLimit = TimeSpan.FromMinutes(1);

    /// <summary>Replays one scenario, step by step.</summary>
    public async Task<IReadOnlyList<StepResult>> ReplayAsync(GoldenScenario scenario)
    {
        using var client = new RawHttpClient(host, port);
        var variables = new GoldenVariables(scenario);
        var results = new List<StepResult>();
        foreach (var step in scenario.Steps)
        {
            var differences = new List<string>();
            var started = Stopwatch.GetTimestamp();
            try
            {
                var answer = await PerformAsync(client, step, variables);
                GoldenJson.Diff(step["response"], Shape(step, answer, variables), "$", differences);
            }
            catch (Exception failure) when (failure is IOException or TimeoutException or FormatException or System.Net.Sockets.SocketException)
            {
                differences.Add($"$: want response got {failure.Message}");
            }

            results.Add(new StepResult(
                scenario.Name, (string)step["name"]!, $"{step["request"]!["method"]} {step["request"]!["path"]}", differences)
            {
                Elapsed = Stopwatch.GetElapsedTime(started),
            });
        }

        return results;
    }

    private async Task<RawAnswer> PerformAsync(RawHttpClient client, JsonObject step, GoldenVariables variables)
    {
        if (step["waitMs"] is { } wait)
        {
            await Task.Delay(TimeSpan.FromMilliseconds((int)wait), TimeProvider.System);
        }

        var request = step["request"]!.AsObject();
        var body = Body(request, variables);
        var headers = Headers(request, body is not null, variables).ToList();
        var path = variables.Substitute((string)request["path"]!);
        return await Patiently.LastAsync(
            RetryLimit,
            () => client.SendAsync((string)request["method"]!, path, headers, body),
            answer => step["retry"] is not JsonObject retry || IsSatisfied(retry, answer) || IsHopeless(answer),
            RetryPause);
    }

    private static byte[]? Body(JsonObject request, GoldenVariables variables)
    {
        if (request["bodyText"] is { } text)
        {
            return Encoding.UTF8.GetBytes(variables.Substitute((string)text!));
        }

        return request.TryGetPropertyValue("body", out var body)
            ? Encoding.UTF8.GetBytes(variables.Substitute(body?.ToJsonString(GoldenJson.Relaxed) ?? "null"))
            : null;
    }

    private IEnumerable<KeyValuePair<string, string>> Headers(
        JsonObject request, bool hasBody, GoldenVariables variables)
    {
        var headers = new Dictionary<string, JsonNode?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Host"] = $"{host}:{port}",
            ["User-Agent"] = "golden/1.0",
            ["Accept"] = "application/json",
            ["Authorization"] = $"Bearer {token}",
        };
        if (hasBody)
        {
            headers["Content-Type"] = "application/json";
        }

        foreach (var (name, value) in request["headers"]?.AsObject() ?? [])
        {
            headers.Remove(name);
            if (value is not null)
            {
                headers[name] = value;
            }
        }

        return headers.SelectMany(h => (h.Value as JsonArray ?? [h.Value!.DeepClone()])
            .Select(v => KeyValuePair.Create(h.Key, variables.Substitute((string)v!))));
    }

    private static bool IsSatisfied(JsonObject retry, RawAnswer answer)
    {
        if (retry["untilStatus"] is { } status && (int)status != answer.Status)
        {
            return false;
        }

        return retry["untilPath"] is not { } path ||
            JsonNode.DeepEquals(GoldenJson.Get(Parse(answer.Body), (string)path!), retry["untilEquals"]);
    }

    /// <summary>Waiting for a resource that this server does not serve is in vain.</summary>
    private static bool IsHopeless(RawAnswer answer) =>
        answer.Status == 501 || (answer.Status == 404 && answer.Body.AsSpan().IndexOf("could not find the requested resource"u8) >= 0) ||
        (answer.Status == 404 && answer.Body.AsSpan().StartsWith("404 page"u8));

    private static JsonObject Shape(JsonObject step, RawAnswer answer, GoldenVariables variables)
    {
        var events = step["stream"] is not null && answer.Status == 200 ? Events(answer.Body) : null;
        var document = events is null ? Parse(answer.Body) : null;
        foreach (var (name, path) in step["capture"]?.AsObject() ?? [])
        {
            if (GoldenJson.Get(events ?? document, (string)path!) is JsonValue value)
            {
                variables.Capture(name, value.ToString());
            }
        }

        var normalizer = new GoldenNormalizer(variables);
        var shaped =
            new JsonObject { ["status"] = answer.Status, ["headers"] = ShapeHeaders(step, answer, normalizer) };
        if (events is not null)
        {
            shaped["events"] = new JsonArray(
                [.. ((JsonArray)normalizer.Normalize(events)!).Where(e => step["keepBookmarks"] is not null || !IsPlainBookmark(e)).Select(e => e?.DeepClone())]);
        }
        else if (document is not null)
        {
            shaped["body"] = normalizer.Normalize(document);
        }
        else if (answer.Body.Length > 0)
        {
            shaped["bodyText"] = normalizer.Text(Encoding.UTF8.GetString(answer.Body));
        }

        SortAndMask(step, shaped);
        return shaped;
    }

    private static JsonObject ShapeHeaders(JsonObject step, RawAnswer answer, GoldenNormalizer normalizer)
    {
        var headers = new JsonObject();
        foreach (var name in KeptHeaders)
        {
            var values = answer.Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
                .Select(h => normalizer.Text(h.Value)).ToList();
            if (step["sortWarnings"] is not null && name == "Warning")
            {
                values.Sort(StringComparer.Ordinal);
            }

            if (values.Count > 0)
            {
                headers[name] = values.Count == 1 && name != "Warning"
                    ? values[0]
                    : new JsonArray([.. values.Select(v => JsonValue.Create(v))]);
            }
        }

        return headers;
    }

    private static void SortAndMask(JsonObject step, JsonObject shaped)
    {
        foreach (var path in step["sort"]?.AsArray() ?? [])
        {
            if (GoldenJson.Get(shaped["body"], (string)path!) is JsonArray list)
            {
                var sorted =
                    list.Select(i => i?.DeepClone()).OrderBy(GoldenJson.SortKey, StringComparer.Ordinal).ToList();
                list.Clear();
                sorted.ForEach(list.Add);
            }
        }

        foreach (var path in step["mask"]?.AsArray() ?? [])
        {
            GoldenJson.Mask(shaped["events"] ?? shaped["body"], GoldenJson.ParsePath((string)path!).ToArray());
        }
    }

    private static bool IsPlainBookmark(JsonNode? item) =>
        item is JsonObject map && (string?)map["type"] == "BOOKMARK" &&
        map["object"]?["metadata"]?["annotations"]?["k8s.io/initial-events-end"] is null;

    private static JsonArray? Events(byte[] body)
    {
        try
        {
            return new JsonArray(
                [.. Encoding.UTF8.GetString(body).Split('\n').Where(l => !string.IsNullOrWhiteSpace(l)).Select(l => JsonNode.Parse(l))]);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonNode? Parse(byte[] body)
    {
        try
        {
            return body.Length == 0 ? null : JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
