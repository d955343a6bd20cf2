using System.Text;

namespace OrleansOrchestrator.Cel.Types;

/// <summary>How names of properties that are no identifiers of the language are written in expressions.</summary>
public static class CelNames
{
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    };

    internal static bool IsReserved(string name) => Reserved.Contains(name)
        && name is not ("true" or "false" or "null" or "in");

    /// <summary>
    /// The name in expressions of a property: <c>a-b</c> is <c>a__dash__b</c>. Null when it has none.
    /// </summary>
    public static string? Escape(string property)
    {
        if (property.Length == 0 || char.IsAsciiDigit(property[0]))
        {
            return null;
        }

        if (Reserved.Contains(property))
        {
            return $"__{property}__";
        }

        if (IsPlain(property))
        {
            return property;
        }

        var text = new StringBuilder(property.Length + 8);
        for (var i = 0; i < property.Length; i++)
        {
            var c = property[i];
            if (c == '_' && i + 1 < property.Length && property[i + 1] == '_')
            {
                text.Append("__underscores__");
                i++;
                continue;
            }

            switch (c)
            {
                case '.':
                    text.Append("__dot__");
                    break;
                case '-':
                    text.Append("__dash__");
                    break;
                case '/':
                    text.Append("__slash__");
                    break;
                case var _ when IsStart(c) || char.IsAsciiDigit(c):
                    text.Append(c);
                    break;
                default:
                    return null;
            }
        }

        return text.ToString();
    }

    /// <summary>The property that a name in expressions means; null when it is the escape of none.</summary>
    public static string? Unescape(string name)
    {
        if (!name.Contains("__", StringComparison.Ordinal))
        {
            return name;
        }

        if (name.Length > 4 && name.StartsWith("__", StringComparison.Ordinal)
            && name.EndsWith("__", StringComparison.Ordinal) && Reserved.Contains(name[2..^2]))
        {
            return name[2..^2];
        }

        var text = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] != '_' || i + 1 >= name.Length || name[i + 1] != '_')
            {
                text.Append(name[i]);
                continue;
            }

            var (meaning, length) = Escaped(name.AsSpan(i));
            if (meaning is null)
            {
                return null;
            }

            text.Append(meaning);
            i += length - 1;
        }

        return text.ToString();
    }

    private static (string? Meaning, int Length) Escaped(ReadOnlySpan<char> text) =>
        text.StartsWith("__underscores__", StringComparison.Ordinal) ? ("__", 15)
        : text.StartsWith("__dot__", StringComparison.Ordinal) ? (".", 7)
        : text.StartsWith("__dash__", StringComparison.Ordinal) ? ("-", 8)
        : text.StartsWith("__slash__", StringComparison.Ordinal) ? ("/", 9)
        : (null, 0);

    private static bool IsPlain(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!(IsStart(text[i]) || char.IsAsciiDigit(text[i])) || (text[i] == '_' && i > 0 && text[i - 1] == '_'))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsStart(char c) => char.IsAsciiLetter(c) || c == '_';
}
