using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>One recorded file of what controllers and scheduler do: its header and its steps.</summary>
public sealed record ControlScenario(string Name, JsonObject Header, IReadOnlyList<JsonObject> Steps)
{
    /// <summary>Alone, with exactly the nodes that it makes.</summary>
    public bool IsExclusive => (string?)Header["phase"] == "exclusive";

    /// <summary>Rough seconds: the longest are begun first.</summary>
    public double Slow => Header["slow"] is { } slow ? GoldenJson.AsNumber(slow) : 0;

    /// <summary>All recorded scenarios, by name.</summary>
    public static IReadOnlyList<ControlScenario> LoadAll([CallerFilePath] string self = "") =>
        LoadAll(new DirectoryInfo(Path.Combine(Path.GetDirectoryName(self)!, "Recorded")));

    /// <summary>All scenarios of a folder, by name.</summary>
    public static IReadOnlyList<ControlScenario> LoadAll(DirectoryInfo folder) =>
    [
        .. Directory.EnumerateFiles(folder.FullName, "*.jsonl", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => Read(
                Path.ChangeExtension(Path.GetRelativePath(folder.FullName, file), null), File.ReadLines(file))),
    ];

    /// <summary>Reads a scenario: the header, then a step a line.</summary>
    public static ControlScenario Read(string name, IEnumerable<string> lines)
    {
        var documents = lines.Where(l => l.Length > 0).Select(l => (JsonObject)JsonNode.Parse(l)!).ToList();
        return new ControlScenario(name, documents[0], documents[1..]);
    }

    /// <summary>Nodes that the scenario makes, at its start and in its steps.</summary>
    public IEnumerable<JsonObject> Nodes =>
        Added(Header["fixtures"]?["nodes"]).Concat(Steps.Select(s => s["fixture"]).OfType<JsonObject>()
            .SelectMany(f => Added(f["addNodes"]).Concat(f["addNode"] is JsonObject one ? [one] : [])));

    private static IEnumerable<JsonObject> Added(JsonNode? nodes) => (nodes as JsonArray ?? []).OfType<JsonObject>();
}
