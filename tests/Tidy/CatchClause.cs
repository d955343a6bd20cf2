using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>A catch clause as far as the rules ask about it.</summary>
internal sealed partial record CatchClause(int Line, string Head, string Body, string BodyText)
{
    /// <summary>Neither a statement nor a comment.</summary>
    public bool IsEmpty => string.IsNullOrWhiteSpace(BodyText);

    /// <summary>Catches everything; a filter that only asks whether we are stopping does not change that.</summary>
    public bool IsBroad => BroadHead().IsMatch(Head) && !TypeFilter().IsMatch(Head);

    /// <summary>Logs, throws, or hands the exception to whoever waits.</summary>
    public bool Speaks => Spoken().IsMatch(Body);

    public static IEnumerable<CatchClause> In(SourceFile file)
    {
        foreach (Match word in CatchWord().Matches(file.Code))
        {
            var open = Opening(file.Code, word.Index);
            if (open < 0)
            {
                yield break;
            }

            var close = CSharpText.Closing(file.Code, open);
            yield return new CatchClause(
                file.LineAt(word.Index),
                file.Code[(word.Index + word.Length)..open],
                file.Code[(open + 1)..close],
                file.Text[(open + 1)..close]);
        }
    }

    /// <summary>The brace that opens the body: a filter may have braces of its own, within its parentheses.</summary>
    private static int Opening(string code, int from)
    {
        var depth = 0;
        for (var at = from; at < code.Length; at++)
        {
            depth += code[at] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth == 0 && code[at] == '{')
            {
                return at;
            }
        }

        return -1;
    }

    [GeneratedRegex(@"\bcatch\b(?=\s*[({])|\bcatch\b(?=\s+when\b)")]
    private static partial Regex CatchWord();

    [GeneratedRegex(@"^\s*$|^\s*\(\s*(System\.)?Exception\b")]
    private static partial Regex BroadHead();

    [GeneratedRegex(@"\bwhen\b[^{]*\bis\b")]
    private static partial Regex TypeFilter();

    [GeneratedRegex(@"\bthrow\b|\.Throw\(|\b(Try)?SetException\(|\b_?[Ll]og(ger)?[A-Z.]\w*|\bLog\w*\(")]
    private static partial Regex Spoken();
}
