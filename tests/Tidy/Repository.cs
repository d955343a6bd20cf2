using System.Runtime.CompilerServices;

namespace OrleansOrchestrator.Tidy;

/// <summary>A text file of the repository; the path is relative, with slashes.</summary>
public sealed record SourceFile(string Path, string Text)
{
    private readonly Lazy<string> _code = new(() => CSharpText.Blank(Text));

    /// <summary>The text line by line.</summary>
    public string[] Lines { get; } = Text.Split('\n');

    /// <summary>C# with comments and the insides of strings blanked out: same length, same lines.</summary>
    public string Code => _code.Value;

    public bool IsCSharp => Path.EndsWith(".cs", StringComparison.Ordinal);

    public bool IsMarkdown => Path.EndsWith(".md", StringComparison.Ordinal);

    /// <summary>Line number, from 1, of a place in the text.</summary>
    public int LineAt(int index) => Text.AsSpan(0, index).Count('\n') + 1;
}

/// <summary>One breach of a rule.</summary>
public sealed record Finding(string File, int Line, string Problem, string Remedy)
{
    public override string ToString() => $"{File}:{Line}: {Problem}. {Remedy}";
}

/// <summary>
/// What is committed: all text files below the folder that holds the solution, without build output, recordings and
/// what tools have written.
/// </summary>
public static class Repository
{
    private const string Solution = "OrleansOrchestrator.sln";

    private static readonly HashSet<string> OutputFolders = new(StringComparer.Ordinal)
    {
        "bin", "obj", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts", "Generated",
    };

    /// <summary>Names with a leading dot are tools' own, except these.</summary>
    private static readonly HashSet<string> DottedNames = new(StringComparer.Ordinal)
    {
        ".ci", ".github", ".editorconfig", ".gitignore", ".config",
    };

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> Files { get; } = [.. Read(new DirectoryInfo(Root))];

    private static string FindRoot([CallerFilePath] string here = "")
    {
        for (var folder = new FileInfo(here).Directory; folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Solution)))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException(
            $"{Solution} is in no folder above {here}: run the tests from the sources.");
    }

    private static IEnumerable<SourceFile> Read(DirectoryInfo folder)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            if (entry.LinkTarget is not null || (entry.Name[0] == '.' && !DottedNames.Contains(entry.Name)))
            {
                continue;
            }

            if (entry is DirectoryInfo inner)
            {
                foreach (var file in OutputFolders.Contains(inner.Name) ? [] : Read(inner))
                {
                    yield return file;
                }
            }
            else if (entry.Extension != ".jsonl"
                && File.ReadAllText(entry.FullName) is var text && !text.Contains('\0'))
            {
                yield return new SourceFile(Path.GetRelativePath(Root, entry.FullName), text);
            }
        }
    }
}
