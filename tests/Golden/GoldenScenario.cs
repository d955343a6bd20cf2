using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden;

/// <summary>One recorded file: a name and its steps.</summary>
public sealed record GoldenScenario(string Name, IReadOnlyList<JsonObject> Steps)
{
    /// <summary>The folder, for example <c>crud</c>.</summary>
    public string Area => Name[..Name.IndexOf('/', StringComparison.Ordinal)];

    /// <summary>All scenarios below a folder, by name.</summary>
    public static IReadOnlyList<GoldenScenario> LoadAll(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.jsonl", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => Load(Path.ChangeExtension(Path.GetRelativePath(folder, file), null), file)),
    ];

    /// <summary>The recorded exchanges beside the repository; null when they are not there.</summary>
    public static string? FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OrleansOrchestrator.sln")))
            {
                var candidate = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "golden"));
                return Directory.Exists(candidate) ? candidate : null;
            }
        }

        return null;
    }

    private static GoldenScenario Load(string name, string file) => new(
        name, [.. File.ReadLines(file).Skip(1).Where(l => l.Length > 0).Select(l => (JsonObject)JsonNode.Parse(l)!)]);
}
