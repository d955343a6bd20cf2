using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>Rules about where things lie and what may know what.</summary>
public static partial class LayoutRules
{
    /// <summary>The layers: which project may know which. Tests and benchmarks may know all.</summary>
    private static readonly Dictionary<string, string[]> MayReference = new(StringComparer.Ordinal)
    {
        ["Cel"] = [],
        ["Formats"] = [],
        ["Grains.Interfaces"] = [],
        ["Logs"] = ["Formats"],
        ["Resources"] = ["Cel", "Formats", "Grains.Interfaces"],
        ["Grains"] = ["Cel", "Formats", "Resources", "Grains.Interfaces", "Logs"],
        ["Api"] = ["Cel", "Formats", "Resources", "Grains.Interfaces", "Logs"],
        ["Machine"] = [],
        ["NodeAgent"] = ["Formats", "Logs", "Machine", "Resources"],
        ["Dashboard"] = [],
        ["Silo"] = ["Api", "Dashboard", "Formats", "Grains", "Resources", "Grains.Interfaces", "Logs", "Machine"],
    };

    private static readonly string[] WithoutCircles =
        ["Api", "Cel", "Grains", "Logs", "NodeAgent", "Resources", "Silo"];

    private const string EntryScript = "orc";

    private static readonly string[] Programs = ["NodeAgent", "Silo"];

    private static readonly string[] VagueFolders = ["Common", "Utils", "Helpers", "Managers"];

    public static IEnumerable<Finding> ReferencesPointDown(IReadOnlyList<SourceFile> files)
    {
        foreach (var project in files.Where(f => f.Path.EndsWith(".csproj", StringComparison.Ordinal) && !IsFree(f.Path)))
        {
            var name = Path.GetFileNameWithoutExtension(project.Path);
            if (!MayReference.TryGetValue(name, out var allowed))
            {
                yield return new Finding(
                    project.Path, 1, $"the project {name} has no place among the layers", "Give it one in LayoutRules.MayReference");
                continue;
            }

            foreach (Match reference in ProjectReference().Matches(project.Text))
            {
                var target = Path.GetFileNameWithoutExtension(reference.Groups[1].Value.Replace('\\', '/'));
                if (!allowed.Contains(target))
                {
                    yield return new Finding(
                        project.Path,
                        project.LineAt(reference.Index),
                        $"{name} references {target}",
                        "Speak to it through Grains.Interfaces or the API; wire it up in Silo");
                }
            }
        }
    }

    /// <summary>
    /// The entry script builds the programs anew when anything changed that they are made of, and nothing else does.
    /// </summary>
    public static IEnumerable<Finding> TheEntryScriptKnowsItsSources(IReadOnlyList<SourceFile> files)
    {
        var projects = files.Where(f => f.Path.EndsWith(".csproj", StringComparison.Ordinal) && !IsFree(f.Path))
            .ToDictionary(f => Path.GetFileNameWithoutExtension(f.Path), StringComparer.Ordinal);
        var (needed, waiting) = (new HashSet<string>(StringComparer.Ordinal), new Stack<string>(Programs));
        while (waiting.TryPop(out var name))
        {
            if (needed.Add(name) && projects.TryGetValue(name, out var project))
            {
                foreach (Match reference in ProjectReference().Matches(project.Text))
                {
                    waiting.Push(Path.GetFileNameWithoutExtension(reference.Groups[1].Value.Replace('\\', '/')));
                }
            }
        }

        var script = files.Single(f => f.Path == EntryScript);
        return from name in needed
               where !script.Text.Contains($"\"$root/{name}\"", StringComparison.Ordinal)
               orderby name
               select new Finding(
                   EntryScript, 1, $"{name} changes and nothing is built", "Name its folder in out_of_date");
    }

    /// <summary>
    /// What a folder of these projects knows does not know it in turn: vocabulary lies below, what serves it on top. A
    /// folder knows those that its files use by directive; the project's root may know all.
    /// </summary>
    public static IEnumerable<Finding> FoldersFormNoCircle(IReadOnlyList<SourceFile> files)
    {
        foreach (var project in WithoutCircles)
        {
            var uses = Uses(project, files);
            foreach (var (file, from, to) in uses)
            {
                if (Reaches(to, from, uses.ToLookup(static u => u.From, static u => u.To)))
                {
                    yield return new Finding(
                        file.Path, 1, $"{from} uses {to}, which uses {from}",
                        "Move what both need below them, or what joins them above");
                }
            }
        }
    }

    private static List<(SourceFile File, string From, string To)> Uses(
        string project, IReadOnlyList<SourceFile> files)
    {
        var own = files.Where(f => f.IsCSharp && f.Path.StartsWith(project + "/", StringComparison.Ordinal)).ToList();
        var folders = own.Select(static f => Path.GetDirectoryName(f.Path)!).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. from file in own
               let folder = Path.GetDirectoryName(file.Path)!
               where folder != project
               from Match match in UsingDirective().Matches(file.Text)
               let known = match.Groups[1].Value.Replace('.', '/')
               where known != folder && folders.Contains(known)
               select (file, folder, known),
        ];
    }

    private static bool Reaches(string from, string to, ILookup<string, string> uses)
    {
        var (seen, waiting) = (new HashSet<string>(StringComparer.Ordinal) { from }, new Stack<string>([from]));
        while (waiting.TryPop(out var next))
        {
            if (next == to)
            {
                return true;
            }

            foreach (var further in uses[next].Where(seen.Add))
            {
                waiting.Push(further);
            }
        }

        return false;
    }

    public static IEnumerable<Finding> FoldersSayWhatTheyHold(IReadOnlyList<SourceFile> files) =>
        from file in files
        from folder in file.Path.Split('/')[..^1]
        where VagueFolders.Contains(folder, StringComparer.OrdinalIgnoreCase)
        select new Finding(
            file.Path,
            1,
            $"a folder named {folder}",
            "Name it after its kind or subsystem; what all share goes to Kernel");

    /// <summary>Foo.cs in folder A of a project is tested by FooTests.cs in folder A of the project's tests.</summary>
    public static IEnumerable<Finding> TestsMirrorSources(IReadOnlyList<SourceFile> files)
    {
        var sources = files.Where(f => f.IsCSharp && !IsFree(f.Path)).ToLookup(f => Path.GetFileName(f.Path));
        foreach (var test in files.Select(f => f.Path).Where(p => p.EndsWith("Tests.cs", StringComparison.Ordinal)))
        {
            var parts = test.Split('/');
            if (parts.Length < 3 || parts[0] != "tests" || !parts[1].EndsWith(".Tests", StringComparison.Ordinal))
            {
                continue;
            }

            var project = parts[1][..^".Tests".Length];
            var tested = sources[parts[^1][..^"Tests.cs".Length] + ".cs"]
                .Select(s => s.Path.Split('/'))
                .Where(s => s[0] == project)
                .ToList();
            if (tested.Count > 0 && !tested.Any(s => s.AsSpan()[1..^1].SequenceEqual(parts.AsSpan()[2..^1])))
            {
                var right = string.Join('/', ["tests", parts[1], .. tested[0][1..^1], parts[^1]]);
                yield return new Finding(
                    test, 1, $"lies elsewhere than {string.Join('/', tested[0])}", $"Move it to {right}");
            }
        }
    }

    private static bool IsFree(string path) =>
        path.StartsWith("tests/", StringComparison.Ordinal) || path.StartsWith("bench/", StringComparison.Ordinal);

    [GeneratedRegex(@"^using (?:static )?OrleansOrchestrator\.([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"<ProjectReference\s+Include=""([^""]+)""")]
    private static partial Regex ProjectReference();
}
