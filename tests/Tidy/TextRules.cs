using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>Rules about what is written anywhere, and about documents.</summary>
public static partial class TextRules
{
    private const string Itself = "tests/Tidy/";

    /// <summary>Code spans that end like this are taken for paths wherever they begin.</summary>
    private static readonly string[] PathEndings =
        [".cs", ".md", ".sh", ".sql", ".yaml", ".props", ".csproj", ".txt", ".proto"];

    public static IEnumerable<Finding> NothingNamesOneMachine(IReadOnlyList<SourceFile> files) =>
        Where(
            files,
            MachinePath(),
            "a path of one machine",
            "Name it relative to the repository, or take it from the environment");

    public static IEnumerable<Finding> NothingNamesARegistry(IReadOnlyList<SourceFile> files) =>
        Where(files, RegistryHost(), "the host of a package registry", "Leave that to the machine's own configuration");

    public static IEnumerable<Finding> FilesSpeakOfTheProjectAlone(IReadOnlyList<SourceFile> files) =>
        Where(files, Backstage(), "words about how the project is made", "Say what it is and why");

    public static IEnumerable<Finding> DocumentsHaveOneTitle(IReadOnlyList<SourceFile> files)
    {
        foreach (var file in files.Where(f => f.IsMarkdown))
        {
            var titles =
                Prose(file).Where(l => l.Text.StartsWith("# ", StringComparison.Ordinal)).Select(l => l.Line).ToList();
            if (titles is not [1])
            {
                yield return new Finding(
                    file.Path, titles.Count > 1 ? titles[1] : 1, $"{titles.Count} titles", "Begin with one line '# Title' and have no other");
            }
        }
    }

    public static IEnumerable<Finding> DocumentsNameWhatExists(IReadOnlyList<SourceFile> files)
    {
        var known = new HashSet<string>(files.SelectMany(f => Prefixes(f.Path)), StringComparer.Ordinal);
        foreach (var file in files.Where(f => f.IsMarkdown))
        {
            foreach (var (text, line) in Prose(file))
            {
                foreach (var path in PathsIn(file, text, known).Where(p => !Exists(p, known) && !Ratchets.PathsToCome.Contains(p)))
                {
                    yield return new Finding(
                        file.Path,
                        line,
                        $"names {path}, which does not exist",
                        "Name what is there, from the root of the repository");
                }
            }
        }
    }

    /// <summary>What CI runs is what the README tells people to run, and nothing else.</summary>
    public static IEnumerable<Finding> ContinuousIntegrationRunsTheReadme(IReadOnlyList<SourceFile> files)
    {
        const string command = "./orc test";
        var readme = files.FirstOrDefault(f => f.Path == "README.md");
        if (readme is not null && !readme.Text.Contains(command, StringComparison.Ordinal))
        {
            yield return new Finding(readme.Path, 1, $"does not tell how to test", $"Name the command {command}");
        }

        var steps = files.First(f => f.Path == ".ci/run").Lines.Index()
            .Where(l => l.Item.Trim() is { Length: > 0 } step && step[0] != '#')
            .ToList();
        if (steps is not [{ Item: var only }] || !only.TrimEnd().EndsWith("orc\" test", StringComparison.Ordinal))
        {
            yield return new Finding(
                ".ci/run", steps.Count == 0 ? 1 : steps[^1].Index + 1, "runs something else", $"Run {command} alone");
        }
    }

    /// <summary>Every package has a user and a line that says what it is for.</summary>
    public static IEnumerable<Finding> PackagesAreUsedAndExplained(IReadOnlyList<SourceFile> files)
    {
        const string list = "docs/adr/dependencies.md";
        var explained = files.FirstOrDefault(f => f.Path == list)?.Lines ?? [];
        var projects = files.Where(
            f => f.Path.EndsWith(".csproj", StringComparison.Ordinal) || f.Path == "Directory.Build.props").ToList();
        var versions = files.First(f => f.Path == "Directory.Packages.props");
        foreach (Match version in PackageVersion().Matches(versions.Text))
        {
            var name = version.Groups[1].Value;
            var reason = explained.FirstOrDefault(l => l.Contains($"`{name}`", StringComparison.OrdinalIgnoreCase));
            var isPin = reason?.Contains("pinned", StringComparison.Ordinal) ?? false;
            if (reason is null)
            {
                yield return new Finding(
                    versions.Path,
                    versions.LineAt(version.Index),
                    $"{name} is not explained",
                    $"Give it a line in {list}");
            }

            if (!isPin && !projects.Any(p => p.Text.Contains($"<PackageReference Include=\"{name}\"", StringComparison.Ordinal)))
            {
                yield return new Finding(
                    versions.Path, versions.LineAt(version.Index), $"nothing uses {name}", $"Remove it, or say in {list} why it is pinned");
            }
        }
    }

    private static IEnumerable<Finding> Where(
        IReadOnlyList<SourceFile> files, Regex pattern, string problem, string remedy) =>
        from file in files
        where !file.Path.StartsWith(Itself, StringComparison.Ordinal)
        from line in CodeRules.Matching(file, pattern)
        select new Finding(file.Path, line, problem, remedy);

    /// <summary>Lines outside of code blocks, numbered from 1.</summary>
    private static IEnumerable<(string Text, int Line)> Prose(SourceFile file)
    {
        var isCode = false;
        foreach (var (index, text) in file.Lines.Index())
        {
            if (text.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if (!isCode)
            {
                yield return (text, index + 1);
            }
        }
    }

    /// <summary>Links, and code spans that begin with a folder of ours or end as our files do.</summary>
    private static IEnumerable<string> PathsIn(SourceFile document, string line, HashSet<string> known)
    {
        foreach (Match link in Link().Matches(line))
        {
            var folder = Path.GetDirectoryName(document.Path) ?? "";
            yield return Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", folder, link.Groups[1].Value)));
        }

        foreach (Match span in CodeSpan().Matches(line))
        {
            var path = span.Groups[1].Value;
            path = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
            if (path.Contains('/') && (known.Contains(path[..path.IndexOf('/')]) || PathEndings.Any(path.EndsWith)))
            {
                yield return path.TrimEnd('/');
            }
        }
    }

    private static bool Exists(string path, HashSet<string> known)
    {
        if (Alternatives().Match(path) is { Success: true } braces)
        {
            return braces.Groups[1].Value.Split(',')
                .All(a => Exists(path[..braces.Index] + a.Trim() + path[(braces.Index + braces.Length)..], known));
        }

        var pattern = "^" +
            Regex.Escape(path).Replace("\\*\\*", ".*", StringComparison.Ordinal).Replace(
                "\\*", "[^/]*", StringComparison.Ordinal) + "$";

        // Pictures and what tools have written are no text files, and yet there.
        return known.Contains(path)
            || (path.Contains('*') && known.Any(k => Regex.IsMatch(k, pattern)))
            || Path.Exists(Path.Combine(Repository.Root, path));
    }

    private static IEnumerable<string> Prefixes(string path)
    {
        yield return path;
        for (var at = path.LastIndexOf('/'); at > 0; at = path.LastIndexOf('/', at - 1))
        {
            yield return path[..at];
        }
    }

    [GeneratedRegex(@"(?<![\w.}])/(work|root|home)/\w")]
    private static partial Regex MachinePath();

    [GeneratedRegex(
        @"\b(nuget\.org|npmjs\.(org|com)|pypi\.org|proxy\.golang\.org|crates\.io|artifactory|deb\.debian\.org)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex RegistryHost();

    [GeneratedRegex(@"\b(AI|LLMs?|[Pp]rompts?|Claude|GPT|Copilot|chatbots?|language models?|(helper|coding|sub) ?agents?|worktrees?)\b")]
    private static partial Regex Backstage();

    [GeneratedRegex(@"\]\((?!https?:|mailto:|#)([^)#\s]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([\w.\-/{},*]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Alternatives();

    [GeneratedRegex(@"<PackageVersion\s+Include=""([^""]+)""")]
    private static partial Regex PackageVersion();
}
