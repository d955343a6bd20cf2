using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Tests.Golden;

namespace OrleansOrchestrator.Resources.Tests.Recorded;

/// <summary>Recorded exchanges with a reference server.</summary>
internal static class RecordedExchanges
{
    public static IEnumerable<RecordedStep> Read(string scenario)
    {
        foreach (var line in File.ReadLines(Path.Combine(GoldenExchanges.Folder, scenario + ".jsonl")).Skip(1))
        {
            yield return new RecordedStep(JsonNode.Parse(line)!.AsObject());
        }
    }
}

/// <summary>One request and its answer.</summary>
internal sealed class RecordedStep(JsonObject json)
{
    public string Name => json["name"]!.GetValue<string>();

    public string Method => json["request"]!["method"]!.GetValue<string>();

    public string Path => json["request"]!["path"]!.GetValue<string>().Split('?')[0];

    public bool IsDryRun => json["request"]!["path"]!.GetValue<string>().Contains("dryRun", StringComparison.Ordinal);

    public string ContentType => json["request"]!["headers"]?["Content-Type"]?.GetValue<string>() ?? "application/json";

    public bool WantsTable =>
        json["request"]!["headers"]?["Accept"]?.GetValue<string>().Contains(
            "as=Table", StringComparison.Ordinal) ?? false;

    public JsonNode? RequestBody => json["request"]!["body"];

    public int Status => json["response"]!["status"]!.GetValue<int>();

    public JsonObject? Body => json["response"]!["body"] as JsonObject;

    public IReadOnlyList<string> Warnings =>
        [.. (json["response"]!["headers"]?["Warning"]?.AsArray() ?? []).Select(w => w!.GetValue<string>())];

    public bool HasCauses => Body?["details"]?["causes"] is not null;
}
