using System.Text;

namespace OrleansOrchestrator.Tidy;

/// <summary>
/// Just enough of C#'s lexis to tell code from comments and strings, so that a rule about code does not trip over a
/// sentence. Raw strings with holes count as text to their end; other interpolated strings keep the code in their
/// holes.
/// </summary>
public static class CSharpText
{
    /// <summary>Replaces comments and the insides of strings with spaces; line breaks and quotes stay.</summary>
    public static string Blank(string text)
    {
        var output = new StringBuilder(text);
        var at = 0;
        BlankCode(text, output, ref at, inHole: false);
        return output.ToString();
    }

    /// <summary>Where the parenthesis or brace that opens here is closed; the end of the code when it is not.</summary>
    public static int Closing(string code, int open)
    {
        var (opener, closer) = (code[open], code[open] == '(' ? ')' : '}');
        var depth = 0;
        for (var at = open; at < code.Length; at++)
        {
            depth += code[at] == opener ? 1 : code[at] == closer ? -1 : 0;
            if (depth == 0)
            {
                return at;
            }
        }

        return code.Length;
    }

    private static void BlankCode(string text, StringBuilder output, ref int at, bool inHole)
    {
        var depth = 0;
        while (at < text.Length)
        {
            var c = text[at];
            if (inHole && depth == 0 && c == '}')
            {
                return;
            }

            depth += c switch { '{' => 1, '}' => -1, _ => 0 };
            if (StartsWith(text, at, "//"))
            {
                Erase(text, output, ref at, End(text, at, "\n", 0));
            }
            else if (StartsWith(text, at, "/*"))
            {
                Erase(text, output, ref at, End(text, at + 2, "*/", 2));
            }
            else if (c == '"')
            {
                BlankString(text, output, ref at);
            }
            else if (c == '\'')
            {
                at++;
                Erase(text, output, ref at, text[at] == '\\' ? End(text, at + 2, "'", 0) : at + 1);
                at++;
            }
            else
            {
                at++;
            }
        }
    }

    private static void BlankString(string text, StringBuilder output, ref int at)
    {
        var quotes = 0;
        while (at + quotes < text.Length && text[at + quotes] == '"')
        {
            quotes++;
        }

        if (quotes >= 3)
        {
            var end = End(text, at + quotes, new string('"', quotes), quotes);
            Erase(text, output, ref at, end);
            return;
        }

        var isVerbatim = Before(text, at).Contains('@');
        var hasHoles = Before(text, at).Contains('$');
        at++;
        while (at < text.Length && (isVerbatim || text[at] != '\n'))
        {
            if (!isVerbatim && text[at] == '\\')
            {
                Erase(text, output, ref at, at + 2);
            }
            else if (isVerbatim && StartsWith(text, at, "\"\""))
            {
                Erase(text, output, ref at, at + 2);
            }
            else if (text[at] == '"')
            {
                at++;
                return;
            }
            else if (hasHoles && text[at] == '{' && !StartsWith(text, at, "{{"))
            {
                at++;
                BlankCode(text, output, ref at, inHole: true);
                at++;
            }
            else
            {
                Erase(text, output, ref at, at + (hasHoles && StartsWith(text, at, "{{") ? 2 : 1));
            }
        }
    }

    /// <summary>The marks of verbatim and interpolated strings that stand before a quote.</summary>
    private static string Before(string text, int quote)
    {
        var start = quote;
        while (start > 0 && text[start - 1] is '@' or '$')
        {
            start--;
        }

        return text[start..quote];
    }

    private static bool StartsWith(string text, int at, string what) =>
        string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

    private static int End(string text, int from, string mark, int markLength)
    {
        var found = from < text.Length ? text.IndexOf(mark, from, StringComparison.Ordinal) : -1;
        return found < 0 ? text.Length : found + markLength;
    }

    private static void Erase(string text, StringBuilder output, ref int at, int end)
    {
        for (; at < end && at < text.Length; at++)
        {
            if (text[at] != '\n')
            {
                output[at] = ' ';
            }
        }
    }
}
