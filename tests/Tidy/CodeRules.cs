using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>Rules that one source file keeps or breaks by itself.</summary>
public static partial class CodeRules
{
    public const int MaxLines = 500;
    public const int MaxColumns = 120;

    public static IEnumerable<Finding> FilesAreShort(IReadOnlyList<SourceFile> files) =>
        from file in files
        where file.IsCSharp && file.Lines.Length - 1 > MaxLines
        select new Finding(
            file.Path, MaxLines, $"{file.Lines.Length - 1} lines, more than {MaxLines}", "Move a coherent part to its own file");

    public static IEnumerable<Finding> CodeLinesAreShort(IReadOnlyList<SourceFile> files) =>
        LongLines(files, static line => !IsComment(line));

    public static IEnumerable<Finding> CommentLinesAreShort(IReadOnlyList<SourceFile> files) =>
        LongLines(files, static line => IsComment(line));

    public static IEnumerable<Finding> OpenWorkNamesAnIssue(IReadOnlyList<SourceFile> files) =>
        from file in files
        where !file.Path.StartsWith("tests/Tidy/", StringComparison.Ordinal)
        from line in Matching(file, OpenWork())
        select new Finding(
            file.Path, line, "open work without an issue", "Do it now, or write TODO(#number); FIXME cannot merge");

    public static IEnumerable<Finding> NoCatchIsEmpty(IReadOnlyList<SourceFile> files) =>
        from file in files
        where file.IsCSharp
        from clause in CatchClause.In(file)
        where clause.IsEmpty
        select new Finding(
            file.Path,
            clause.Line,
            "an empty catch",
            "Handle the exception, or say in a comment why there is nothing to do");

    /// <summary>Of what is given twice the first counts, and flags and numbers are read as Go reads them.</summary>
    public static IEnumerable<Finding> QueriesAreReadInOneWay(IReadOnlyList<SourceFile> files) =>
        from file in files
        where file.IsCSharp && file.Path.StartsWith("Api/", StringComparison.Ordinal)
            && !file.Path.EndsWith("/QueryReader.cs", StringComparison.Ordinal)
        from line in Matching(file, QueryByHand())
        select new Finding(file.Path, line, "a query that is read by hand", "Read it with a QueryReader");

    /// <summary>Catching everything is for a loop's top, and there it is logged; or it is filtered by type, or handed
    /// on.</summary>
    public static IEnumerable<Finding> BroadCatchesSpeak(
        IReadOnlyList<SourceFile> files, IReadOnlyDictionary<string, int> allowed) =>
        from file in files
        where file.IsCSharp && !file.Path.StartsWith("tests/", StringComparison.Ordinal)
        let silent = CatchClause.In(file).Where(c => c.IsBroad && !c.Speaks).ToList()
        where silent.Count > allowed.GetValueOrDefault(file.Path)
        from clause in silent
        select new Finding(
            file.Path, clause.Line, "catches every exception and tells nobody", "Filter it by type, log it, or throw it on");

    /// <summary>What holds secrets, or lies beside what does, is made with its mode: by OwnFiles.</summary>
    public static IEnumerable<Finding> FilesAreMadeWithTheirMode(
        IReadOnlyList<SourceFile> files, IReadOnlySet<string> makers) =>
        from file in files
        where file.IsCSharp && file.Path.Split('/')[0] is "Silo" or "NodeAgent" or "Api" or "Grains"
            && !makers.Contains(file.Path)
        from line in Matching(file, MakesFile(), file.Code)
        select new Finding(
            file.Path, line, "makes a file or directory with whatever mode the process gives",
            "Use OwnFiles, which says who may read it");

    public static IEnumerable<Finding> ContractNamesAreLiterals(IReadOnlyList<SourceFile> files) =>
        from file in files
        where file.IsCSharp
        from line in Matching(file, NamingAttribute(), file.Code)
        select new Finding(
            file.Path, line, "a contract's name is not a literal", "Write the string: renaming a type must not rename what is stored and sent");

    public static IEnumerable<Finding> NoGrainIsReentrant(IReadOnlyList<SourceFile> files) =>
        from file in files
        where file.IsCSharp
        from line in Matching(file, Reentrant(), file.Code)
        select new Finding(
            file.Path, line, "a reentrant grain", "Mark single methods [ReadOnly], or [AlwaysInterleave] with a proof in a comment");

    /// <summary>A run of the tests draws what the run before drew: a failure comes from the change.</summary>
    public static IEnumerable<Finding> TestsDrawFromTheirSeed(IReadOnlyList<SourceFile> files) =>
        from file in files
        where file.IsCSharp
            && file.Path.StartsWith("tests/", StringComparison.Ordinal)
            && !file.Path.StartsWith("tests/SeedKit/", StringComparison.Ordinal)
        let usesCsCheck = file.Code.Contains("using CsCheck;", StringComparison.Ordinal)
        from line in Matching(file, usesCsCheck ? DrawsOrSamples() : Draws(), file.Code)
        select new Finding(
            file.Path, line, "draws what no run can draw again",
            "Use gen.Check and gen.CheckAsync of SeedKit, or new Random(TestSeed.Current)");

    private static IEnumerable<Finding> LongLines(IReadOnlyList<SourceFile> files, Func<string, bool> concerns) =>
        from file in files
        where file.IsCSharp || file.Path.EndsWith(".sh", StringComparison.Ordinal) || file.Path is "orc" or ".ci/run"
        from line in file.Lines.Index()
        where line.Item.Length > MaxColumns && concerns(line.Item)
        select new Finding(
            file.Path, line.Index + 1, $"{line.Item.Length} columns, more than {MaxColumns}", "Wrap the line");

    private static bool IsComment(string line) => line.TrimStart().StartsWith("//", StringComparison.Ordinal);

    internal static IEnumerable<int> Matching(SourceFile file, Regex pattern, string? text = null) =>
        pattern.Matches(text ?? file.Text).Select(m => file.LineAt(m.Index)).Distinct();

    [GeneratedRegex(@"\b[Qq]uery(\[|\.(ContainsKey|TryGetValue)\()")]
    private static partial Regex QueryByHand();

    [GeneratedRegex(@"\bRandom\.Shared\b|\bnew Random\(\)|\bEnvironment\.TickCount(64)?\b")]
    private static partial Regex Draws();

    [GeneratedRegex(
        @"\.Sample\w*\(|\bRandom\.Shared\b|\bnew Random\(\)|\bEnvironment\.TickCount(64)?\b")]
    private static partial Regex DrawsOrSamples();

    [GeneratedRegex(@"\bFIXME\b|\bTODO\b(?!\(#\d+\))")]
    private static partial Regex OpenWork();

    [GeneratedRegex(@"[\[,]\s*(GrainType|Alias|GrainInterfaceType)\(\s*(?![\s""])")]
    private static partial Regex NamingAttribute();

    [GeneratedRegex(
        @"\bFile\.(WriteAll\w+|AppendAll\w+|Append\w+|Create|CreateText|Copy|OpenWrite)\(|\bDirectory\.CreateDirectory\(|FileMode\.(Create|CreateNew|OpenOrCreate|Append)\b")]
    private static partial Regex MakesFile();

    [GeneratedRegex(@"\[([^\[\]]*,\s*)?(Orleans\.Concurrency\.)?Reentrant(Attribute)?\s*[\],(]")]
    private static partial Regex Reentrant();
}
