using System.Net.Sockets;
using System.Text.Json.Nodes;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>Replays a scenario against a server with controllers, waits as its steps say, and compares.</summary>
internal sealed class ControlReplayer(Uri server, string token, ControlNodes nodes, ControlScenario scenario)
    : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan CleaningPatience = TimeSpan.FromSeconds(25);

    /// <summary>What a server may take longer than was recorded before its scenario is given up.</summary>
    private static readonly TimeSpan Slowness = TimeSpan.FromMinutes(5);

    /// <summary>Of a step that waits and says not how long.</summary>
    private const int UsualSeconds = 20;

    private readonly ControlClient _client = new(server, token);
    private ControlVariables _variables = new(scenario);
    private int _inVain;

    /// <summary>All steps, in order.</summary>
    public async Task<IReadOnlyList<StepResult>> ReplayAsync()
    {
        await nodes.AddAsync([.. (scenario.Header["fixtures"]?["nodes"] as JsonArray ?? []).OfType<JsonObject>()]);
        var results = new List<StepResult>();
        foreach (var step in scenario.Steps)
        {
            var differences = new List<string>();
            try
            {
                GoldenJson.Diff(step["response"], await PerformAsync(step), "$", differences);
            }
            catch (Exception failure) when (
                failure is IOException or TimeoutException or FormatException or SocketException)
            {
                differences.Add($"$: want response got {failure.Message}");
            }

            var request = $"{step["request"]?["method"]} {step["request"]?["path"]}";
            results.Add(new StepResult(scenario.Name, (string)step["name"]!, request, differences));
        }

        await CleanAsync();
        return results;
    }

    public void Dispose() => _client.Dispose();

    private async Task<JsonObject> PerformAsync(JsonObject step)
    {
        if (step["waitMs"] is { } wait)
        {
            await Task.Delay(TimeSpan.FromMilliseconds((int)wait), TimeProvider.System);
        }

        if (step["fixture"] is JsonObject fixture)
        {
            await nodes.ApplyAsync(fixture);
            return new JsonObject { ["fixture"] = "done" };
        }

        return step["forEach"] is JsonObject each ? await ForEachAsync(step, each)
            : step["settle"] is JsonObject settle ? await SettleAsync(step, settle)
            : await OnceAsync(step);
    }

    /// <summary>After two waits in vain all further ones are short: the scenario is lost.</summary>
    private TimeSpan Patience(JsonObject? waiting, int otherwise) => TimeSpan.FromSeconds(Math.Min(
        (int?)waiting?["timeoutSeconds"] ?? otherwise, _inVain switch { < 2 => int.MaxValue, < 5 => 3, _ => 1 }));

    private async Task<JsonObject> OnceAsync(JsonObject step)
    {
        var asked = await AskAsync(step);
        _variables = asked.Learned;
        return asked.Shaped;
    }

    /// <summary>One request, with its rule of retrying.</summary>
    private async Task<Asked> AskAsync(JsonObject step)
    {
        var retry = step["retry"] as JsonObject;
        var answer = await Patiently.LastAsync(
            Patience(retry, 0), () => _client.SendAsync(step["request"]!.AsObject(), _variables),
            a => IsSatisfied(retry, a), Pause);
        _inVain += IsSatisfied(retry, answer) ? 0 : 1;
        var learned = _variables.Clone();
        return new Asked(ControlShape.Of(step, answer, learned), learned);
    }

    private static bool IsSatisfied(JsonObject? retry, RawAnswer answer) =>
        retry is null ||
        (retry["untilStatus"] is not { } status || (int)status == answer.Status) &&
        (retry["untilPath"] is not { } path || JsonNode.DeepEquals(
            GoldenJson.Get(ControlShape.Parse(answer.Body), (string)path!), retry["untilEquals"]));

    /// <summary>Until the answer is the recorded one, and stays so where nothing is to happen.</summary>
    private async Task<JsonObject> SettleAsync(JsonObject step, JsonObject settle)
    {
        var hold = TimeSpan.FromMilliseconds((int?)settle["holdMs"] ?? 0);
        var (started, patience) = (TimeProvider.System.GetTimestamp(), Patience(settle, UsualSeconds));
        var (since, isHeld) = ((long?)null, false);
        var last = await Patiently.FoundAsync(
            patience + hold + Slowness,
            async _ =>
            {
                var asked = await AskAsync(step);
                var differences = new List<string>();
                GoldenJson.Diff(step["response"], asked.Shaped, "$", differences);
                since = differences.Count > 0 ? null : since ?? TimeProvider.System.GetTimestamp();
                isHeld = since is { } good && TimeProvider.System.GetElapsedTime(good) >= hold;
                var isLate = since is null && TimeProvider.System.GetElapsedTime(started) > patience;
                return isHeld || isLate ? asked : null;
            },
            Pause);
        _inVain += isHeld ? 0 : 1;
        _variables = last.Learned;
        return last.Shaped;
    }

    /// <summary>The same request for several objects, once there are enough of them.</summary>
    private async Task<JsonObject> ForEachAsync(JsonObject step, JsonObject each)
    {
        var count = (int?)each["count"];
        var items = await Patiently.LastAsync(
            Patience(each, UsualSeconds), () => ControlMatches.FindAsync(_client, each, _variables),
            found => !(found.Count < count), Pause);
        _inVain += items.Count < count ? 1 : 0;
        items = [.. items.Take(count ?? items.Count)];
        var statuses = new JsonObject();
        foreach (var (place, item) in items.Index())
        {
            var answer = await _client.SendAsync(
                step["request"]!.AsObject(), _variables, ControlMatches.Variables(each, item, place));
            statuses[$"{answer.Status}"] = ((int?)statuses[$"{answer.Status}"] ?? 0) + 1;
        }

        foreach (var (name, place) in each["captureNames"]?.AsObject() ?? [])
        {
            if ((int)place! < items.Count)
            {
                _variables.Capture(name, (string)items[(int)place!]["metadata"]!["name"]!);
            }
        }

        return new JsonObject { ["count"] = items.Count, ["statuses"] = statuses };
    }

    /// <summary>Removes what is left, as well as can be; not compared.</summary>
    private async Task CleanAsync()
    {
        foreach (var request in (scenario.Header["cleanup"] as JsonArray ?? []).OfType<JsonObject>())
        {
            await _client.SendAsync(
                (string)request["method"]!, (string)request["path"]!, request["body"]?.ToJsonString(GoldenJson.Relaxed),
                request["contentType"] is { } type
                    ? new Dictionary<string, string> { ["Content-Type"] = (string)type! }
                    : null);
        }

        var namespaces = (scenario.Header["namespaces"] as JsonArray ?? []).Select(n => (string)n!).ToList();
        foreach (var name in namespaces)
        {
            await _client.SendAsync("DELETE", $"/api/v1/namespaces/{name}");
        }

        var started = TimeProvider.System.GetTimestamp();
        foreach (var name in namespaces)
        {
            var left = CleaningPatience - TimeProvider.System.GetElapsedTime(started);
            await Patiently.LastAsync(left, () => KillPodsAsync(name), static killed => !killed, Pause);
        }

        foreach (var node in scenario.Nodes)
        {
            await nodes.RemoveAsync((string)node["name"]!);
        }
    }

    /// <summary>False when there were none.</summary>
    private async Task<bool> KillPodsAsync(string name)
    {
        var path = $"/api/v1/namespaces/{name}/pods";
        var found = ControlShape.Parse((await _client.SendAsync("GET", path)).Body)?["items"] as JsonArray ?? [];
        foreach (var pod in found)
        {
            var one = $"{path}/{pod!["metadata"]!["name"]}";
            if (pod["metadata"]!["finalizers"] is not null)
            {
                await _client.MergeAsync(
                    one, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } });
            }

            await _client.SendAsync("DELETE", $"{one}?gracePeriodSeconds=0");
        }

        return found.Count > 0;
    }

    private sealed record Asked(JsonObject Shaped, ControlVariables Learned);
}
