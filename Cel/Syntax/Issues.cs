using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>What is wrong with an expression, and where.</summary>
/// <param name="position">A UTF-16 place in the text; -1 when it is the whole.</param>
internal readonly record struct Issue(int Position, string Message);

/// <summary>The complaints about one expression, printed as upstream prints them: with the line and a caret.</summary>
internal sealed class Issues(string text)
{
    /// <summary>More are not worth reading.</summary>
    private const int Max = 100;

    private readonly List<Issue> _issues = [];

    public bool Any => _issues.Count > 0;

    public int Count => _issues.Count;

    public void Add(int position, string message)
    {
        if (_issues.Count < Max)
        {
            _issues.Add(new Issue(position, message));
        }
    }

    public override string ToString() => string.Join(
        "\n", _issues.Select(Shown).OrderBy(static s => s.Line).ThenBy(static s => s.Column).Select(static s =>
            s.Text));

    private (int Line, int Column, string Text) Shown(Issue issue)
    {
        if (issue.Position < 0)
        {
            return (-1, 0, $"ERROR: <input>:-1:0: {issue.Message}");
        }

        var (line, column, shown) = Locate(issue.Position);
        var printed = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture, $"ERROR: <input>:{line}:{column + 1}: {issue.Message}\n | "));
        printed.Append(shown.Replace('\t', ' ')).Append("\n | ");
        var at = 0;
        for (var i = 0; i < column; i++)
        {
            var rune = at < shown.Length ? RuneAt(shown, at) : new Rune(' ');
            printed.Append(rune.Utf8SequenceLength > 1 ? '．' : '.');
            at += rune.Utf16SequenceLength;
        }

        printed.Append(at < shown.Length && RuneAt(shown, at).Utf8SequenceLength > 1 ? '＾' : '^');
        return (line, column, printed.ToString());
    }

    /// <summary>The line, from 1, the column in code points, from 0, and the text of the line.</summary>
    private (int Line, int Column, string Shown) Locate(int position)
    {
        var start = 0;
        var line = 1;
        for (var i = 0; i < position && i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                (start, line) = (i + 1, line + 1);
            }
        }

        var end = text.IndexOf('\n', start);
        var column = 0;
        for (var i = start; i < position; i += i < text.Length ? RuneAt(text, i).Utf16SequenceLength : 1)
        {
            column++;
        }

        return (line, column, end < 0 ? text[start..] : text[start..end]);
    }

    private static Rune RuneAt(string text, int at) =>
        Rune.TryGetRuneAt(text, at, out var rune) ? rune : Rune.ReplacementChar;
}
