using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>
/// The table of bugs is good for as long as its tests can be found: each row stands in the table once, and names tests
/// that are there, with a command that runs some.
/// </summary>
public static partial class BugRules
{
    private const string Table = "docs/bugs.md";

    public static IEnumerable<Finding> BugsNameTestsThatExist(IReadOnlyList<SourceFile> files)
    {
        var tests = files.Where(f => f.IsCSharp && f.Path.StartsWith("tests/", StringComparison.Ordinal))
            .GroupBy(f => f.Path.Split('/')[1]).ToDictionary(g => g.Key, TestNames.Of);
        return files.Where(f => f.Path == Table).SelectMany(f => Rows(f).SelectMany(row => Missing(f, row, tests)));
    }

    public static IEnumerable<Finding> BugsStandInTheTableOnce(IReadOnlyList<SourceFile> files) =>
        files.Where(f => f.Path == Table).SelectMany(Misplaced);

    private static IEnumerable<Finding> Missing(SourceFile file, Row row, Dictionary<string, TestNames> tests)
    {
        var projects = new List<TestNames>();
        foreach (Match command in Command().Matches(row.Command))
        {
            if (!tests.TryGetValue(command.Groups["project"].Value, out var project))
            {
                yield return new Finding(file.Path, row.Line, $"runs no project of tests: {command.Value}", Remedy);
                continue;
            }

            projects.Add(project);
            foreach (Match filter in Filter().Matches(command.Groups["filters"].Value))
            {
                if (!project.Has(filter.Groups["kind"].Value, filter.Groups["pattern"].Value))
                {
                    yield return new Finding(file.Path, row.Line, $"runs no test: {filter.Value}", Remedy);
                }
            }
        }

        IEnumerable<TestNames> places = projects.Count > 0 ? projects : tests.Values;
        foreach (Match name in Name().Matches(row.Tests))
        {
            if (!places.Any(p => p.Declares(name.Groups[1].Value)))
            {
                yield return new Finding(
                    file.Path, row.Line, $"names {name.Groups[1].Value}, which its projects do not have", Remedy);
            }
        }
    }

    private static IEnumerable<Finding> Misplaced(SourceFile file)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var isInTable = false;
        for (var i = 0; i < file.Lines.Length; i++)
        {
            var line = file.Lines[i];
            if (!line.StartsWith('|'))
            {
                isInTable = false;
                continue;
            }

            if (IsRule(line))
            {
                continue;
            }

            isInTable |= i + 1 < file.Lines.Length && IsRule(file.Lines[i + 1]);
            if (!isInTable)
            {
                yield return new Finding(file.Path, i + 1, "a row below the table", "Move it into the table");
            }

            if (!seen.Add(line.Split('|')[1]))
            {
                yield return new Finding(file.Path, i + 1, "a bug that is in the table already", "Make it one row");
            }
        }
    }

    /// <summary>What divides a table's head from its rows.</summary>
    private static bool IsRule(string line) => line.StartsWith("|---", StringComparison.Ordinal);

    private const string Remedy = "Name what is there, or add the test";

    private static IEnumerable<Row> Rows(SourceFile file) =>
        file.Lines.Select((text, at) => (Cells: text.Split('|'), Line: at + 1))
            .Where(l => l.Cells is ["", _, _, _, ..])
            .Select(l => new Row(l.Line, l.Cells[2], l.Cells[3]));

    private sealed record Row(int Line, string Tests, string Command);

    [GeneratedRegex(@"tests/(?<project>[\w.]+)/\$T\.[\w.]+(?<filters>[^`]*)")]
    private static partial Regex Command();

    [GeneratedRegex(@"-(?<kind>class|method|namespace) '(?<pattern>[^']+)'")]
    private static partial Regex Filter();

    [GeneratedRegex(@"`([A-Za-z]\w*)`")]
    private static partial Regex Name();
}
