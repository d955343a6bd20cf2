using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>
/// Tests await what tells of itself, and do not look at it again and again: on a slow machine such a look is too late,
/// on a fast one it wastes what others need. What tells nobody, another program mostly, is waited for in one place.
/// </summary>
public static partial class WaitRules
{
    private const string Helper = "tests/TestKit/Patiently.cs";

    /// <summary>
    /// A loop that pauses, or that only gives way to others. A beat, whose loop is the timer's, is none, unless it ends
    /// itself by what it sees.
    /// </summary>
    public static IEnumerable<Finding> TestsDoNotPoll(IReadOnlyList<SourceFile> files) =>
        from file in files
        where file.IsCSharp && file.Path.StartsWith("tests/", StringComparison.Ordinal) && file.Path != Helper
        from loop in Loops(file.Code)
        where Polls(loop.Head, loop.Body)
        select new Finding(
            file.Path, file.LineAt(loop.At), "looks again and again",
            "Await what tells of it; take Patiently where nothing does");

    private static bool Polls(string head, string body) =>
        Tick().IsMatch(head) ? Exit().IsMatch(body)
            : Pause().IsMatch(head) || Pause().IsMatch(body) || Tick().IsMatch(body) || Spin().IsMatch(body);

    private static IEnumerable<(int At, string Head, string Body)> Loops(string code)
    {
        foreach (Match loop in Loop().Matches(code))
        {
            var headEnd = loop.Value == "do" ? loop.Index + loop.Length : End(code, code.IndexOf('(', loop.Index));
            var body = headEnd + code.AsSpan(headEnd).IndexOfAnyExcept(" \r\n\t");
            var bodyEnd = code[body] == '{' ? End(code, body) : code.IndexOf(';', body) + 1;
            yield return (loop.Index, code[loop.Index..headEnd], code[body..bodyEnd]);
        }
    }

    /// <summary>Behind what closes this.</summary>
    private static int End(string code, int open) => CSharpText.Closing(code, open) + 1;

    [GeneratedRegex(@"\b(?:(?:while|for)(?=\s*\()|do(?=\s*\{))")]
    private static partial Regex Loop();

    [GeneratedRegex(@"\bTask\.Delay\((?!\s*Timeout\.)|\bSpinWait\b|\.Sleep\(")]
    private static partial Regex Pause();

    [GeneratedRegex(@"\.WaitForNextTickAsync\(")]
    private static partial Regex Tick();

    [GeneratedRegex(@"\b(return|break)\b")]
    private static partial Regex Exit();

    [GeneratedRegex(@"\bTask\.Yield\(\);\s*\}?$")]
    private static partial Regex Spin();
}
