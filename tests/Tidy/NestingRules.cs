using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>
/// What lies in a folder is seen by the folders below it without a directive, so that <see
/// cref="LayoutRules.FoldersFormNoCircle"/> cannot see them use it. A folder may list what lies below it (a table, a
/// registration), or hold what that builds on (rules that kinds share), but no file of it both, nor by way of others.
/// </summary>
public static partial class NestingRules
{
    public static IEnumerable<Finding> FoldersBelowDoNotUseWhatUsesThem(IReadOnlyList<SourceFile> files)
    {
        var folders = files.Where(static f => f.IsCSharp && !f.Path.StartsWith("tests/", StringComparison.Ordinal))
            .ToLookup(static f => Path.GetDirectoryName(f.Path)!);
        return from folder in folders
               where folder.Key.Contains('/')
               from below in folder.SelectMany(Used).Distinct()
               where below.StartsWith(folder.Key + "/", StringComparison.Ordinal) && folders.Contains(below)
               from upper in WhatUses(below, [.. folder])
               from lower in folders[below]
               let use = UseOf(upper, lower)
               where use is not null
               select new Finding(
                   lower.Path, lower.LineAt(use.Index), $"uses {use.Value} of {upper.Path}, which uses {below}",
                   "Move what both need to a file that uses neither");
    }

    /// <summary>The files of a folder that use a folder below it, or others of these files.</summary>
    private static List<SourceFile> WhatUses(string below, SourceFile[] folder)
    {
        List<SourceFile> found = [.. folder.Where(f => Used(f).Contains(below))];
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange([.. folder.Except(found).Where(f => UseOf(found[i], f) is not null)]);
        }

        return found;
    }

    private static IEnumerable<string> Used(SourceFile file) =>
        UsingDirective().Matches(file.Text).Select(static m => m.Groups[1].Value.Replace('.', '/'));

    /// <summary>
    /// Where a file names a type of another. Members may have the names of types: what stands before parentheses, a
    /// property's body or an equals sign names none, unless it is made or is a base.
    /// </summary>
    private static Match? UseOf(SourceFile used, SourceFile user) =>
        Declaration().Matches(used.Code).Select(static m => m.Groups[1].Value).Distinct()
            .Where(name => user.Code.Contains(name, StringComparison.Ordinal))
            .Select(name => Regex.Match(
                user.Code, $@"(?<!\.)\b{name}\b(?!\(| \{{ get| =>| = )|(?:(?<=\bnew )|(?<=: )){name}(?=\()"))
            .FirstOrDefault(static m => m.Success);

    [GeneratedRegex(@"^using (?:static )?OrleansOrchestrator\.([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();

    [GeneratedRegex(
        @"^(?:[a-z]+ )*(?:class|struct|interface|enum|record(?: struct| class)?) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
