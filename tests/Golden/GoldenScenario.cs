using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden;

/// <summary>One recorded file: a name and its steps.</summary>
public sealed record GoldenScenario(string Name, IReadOnlyList<JsonObject> Steps)
{
    /// <summary>The folder, for example <c>crud</c>.</summary>
    public string Area => Name[..Name.IndexOf('/', StringComparison.Ordinal)];

    /// <summary>All recorded scenarios, by name.</summary>
    public static IReadOnlyList<GoldenScenario> LoadAll() => LoadAll(Recorded());

    private static DirectoryInfo Recorded([CallerFilePath] string self = "") =>
        new(Path.Combine(Path.GetDirectoryName(self)!, "Recorded"));

    private static IReadOnlyList<GoldenScenario> LoadAll(DirectoryInfo folder) =>
    [
        .. Directory.EnumerateFiles(folder.FullName, "*.jsonl", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => Load(Path.ChangeExtension(Path.GetRelativePath(folder.FullName, file), null), file)),
    ];

    private static GoldenScenario Load(string name, string file) => new(
        name, [.. File.ReadLines(file).Skip(1).Where(l => l.Length > 0).Select(l => (JsonObject)JsonNode.Parse(l)!)]);
}
