using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>
/// What lies in a folder is seen by the folders below it without a directive, so that <see
/// cref="LayoutRules.FoldersFormNoCircle"/> cannot see them use it. A folder may list what lies below it (a table, a
/// registration), or hold what that builds on (rules that kinds share), but not both in one file.
/// </summary>
public static partial class NestingRules
{
    /// <param name="files">All files.</param>
    /// <param name="mixed">Folders that are one with the folder above them.</param>
    public static IEnumerable<Finding> FoldersBelowDoNotUseWhatUsesThem(
        IReadOnlyList<SourceFile> files, IReadOnlySet<string> mixed)
    {
        var folders = files.Where(static f => f.IsCSharp && !f.Path.StartsWith("tests/", StringComparison.Ordinal))
            .ToLookup(static f => Path.GetDirectoryName(f.Path)!);
        return from folder in folders
               where folder.Key.Contains('/')
               from upper in folder
               from below in Used(upper)
               where below.StartsWith(folder.Key + "/", StringComparison.Ordinal) && !mixed.Contains(below)
               from lower in folders[below]
               from name in Declared(upper)
               let use = Regex.Match(lower.Code, $@"\b{name}\b")
               where use.Success
               select new Finding(
                   lower.Path, lower.LineAt(use.Index), $"uses {name} of {upper.Path}, which uses {below}",
                   "Move what both need to a file that uses neither");
    }

    private static IEnumerable<string> Used(SourceFile file) =>
        UsingDirective().Matches(file.Text).Select(static m => m.Groups[1].Value.Replace('.', '/'));

    private static IEnumerable<string> Declared(SourceFile file) =>
        Declaration().Matches(file.Code).Select(static m => m.Groups[1].Value).Distinct();

    [GeneratedRegex(@"^using (?:static )?OrleansOrchestrator\.([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();

    [GeneratedRegex(
        @"^(?:[a-z]+ )*(?:class|struct|interface|enum|record(?: struct| class)?) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
