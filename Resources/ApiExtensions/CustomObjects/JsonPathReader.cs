using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// Reads paths as upstream's parser does, with all that follows from how it does it: a key in brackets is read as a
/// path of its own, so that dots in it are to be escaped; a filter is in no other; and an operand of one is a path, or
/// a literal, which stands where a path stands. It puts the path in braces, so a brace in it ends it: what follows is
/// plain text, and further paths in braces, which must be good ones and mean nothing.
/// </summary>
internal sealed partial class JsonPathReader
{
    /// <summary>What ends a name unless it is escaped.</summary>
    private static readonly SearchValues<char> Terminators = SearchValues.Create(" \t\r\n.,[]$@{}");

    private readonly string _text;
    private readonly List<JsonPath.Step> _steps = [];
    private int _at;
    private bool _isAfterRecursion;

    /// <summary>The path has ended, though the text has not.</summary>
    private bool _isOver;

    /// <summary>What is wrong, in upstream's words.</summary>
    private string _complaint = "";

    private JsonPathReader(string text) => _text = text;

    private ReadOnlySpan<char> Rest => _text.AsSpan(_at);

    /// <summary>A path; null when the text is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="complaint">Why it is none; empty when it is one.</param>
    public static JsonPath? Read(string text, out string complaint)
    {
        var reader = new JsonPathReader(text);
        while (reader._at < text.Length)
        {
            if (!reader.ReadStep())
            {
                complaint = reader._complaint;
                return null;
            }
        }

        complaint = "";
        return new JsonPath(reader._steps);
    }

    /// <summary>A path within this one.</summary>
    private JsonPath? ReadPart(string text) => Read(text, out _complaint);

    private bool Fail(string complaint)
    {
        _complaint = complaint;
        return false;
    }

    private bool ReadStep()
    {
        var isAfterRecursion = _isAfterRecursion;
        _isAfterRecursion = false;
        if (Rest.StartsWith("[?("))
        {
            return ReadFilter();
        }

        if (Rest.StartsWith(".."))
        {
            return isAfterRecursion ? Fail("invalid multiple recursive descent") : ReadRecursion();
        }

        var next = _text[_at];
        switch (next)
        {
            case ' ' or '@' or '$':
                _isAfterRecursion = isAfterRecursion;
                _at++;
                return true;
            case '.':
                _at++;
                return ReadField();
            case '}':
                return ReadOutside();
            case '\r' or '\n':
                return Fail("unclosed action");
            case '[':
                return ReadBrackets();
            case '"' or '\'':
                return ReadQuoted(next);
            case '+' or '-':
            case var digit when char.IsDigit(digit):
                return ReadNumber();
            case '_':
            case var letter when char.IsLetter(letter):
                return ReadWord();
            default:
                _ = Rune.DecodeFromUtf16(Rest, out var rune, out _);
                var shown = GoQuotes.IsPrintable(rune) ? $" '{rune}'" : "";
                return Fail($"unrecognized character in action: U+{rune.Value:X4}{shown}");
        }
    }

    private bool Add(params IEnumerable<JsonPath.Step> steps)
    {
        if (!_isOver)
        {
            _steps.AddRange(steps);
        }

        return true;
    }

    /// <summary>Plain text, until a brace begins another path.</summary>
    private bool ReadOutside()
    {
        var next = _text.IndexOf('{', _at);
        _at = next < 0 ? _text.Length : next + 1;
        _isOver = true;
        return true;
    }

    private bool ReadRecursion()
    {
        _at += 2;
        Add(JsonPath.Recursive);
        var isField = _at < _text.Length && (_text[_at] == '_' || char.IsLetterOrDigit(_text[_at]));
        _isAfterRecursion = !isField;
        return !isField || ReadField();
    }

    /// <summary>A name; alone, a dot means the whole.</summary>
    private bool ReadField()
    {
        var start = _at;
        for (; _at < _text.Length && !Terminators.Contains(_text[_at]); _at++)
        {
            _at += _text[_at] == '\\' && _at + 1 < _text.Length ? 1 : 0;
        }

        var name = _text[start.._at];
        return _text == "."
            || Add(name == "*" ? JsonPath.Wildcard : JsonPath.Field(name.Replace("\\", "", StringComparison.Ordinal)));
    }

    /// <summary>A bare word is a truth value, or means nothing, which is found out on the way.</summary>
    private bool ReadWord()
    {
        var length = Rest.IndexOfAny(Terminators);
        var word = length < 0 ? Rest.ToString() : Rest[..length].ToString();
        _at += word.Length;
        return Add(bool.TryParse(word, out var flag) && word is "true" or "false"
            ? JsonPath.Literal(JsonValue.Create(flag), isOfEach: true)
            : static (_, _) => null);
    }

    private bool ReadNumber()
    {
        var start = _at++;
        while (_at < _text.Length && (_text[_at] == '.' || char.IsAsciiDigit(_text[_at])))
        {
            _at++;
        }

        var text = _text[start.._at];
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? Add(JsonPath.Literal(JsonValue.Create((long)whole), isOfEach: true))
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                ? Add(JsonPath.Literal(JsonValue.Create(number), isOfEach: true))
            : Fail($"cannot parse number {text}");
    }

    private bool ReadQuoted(char quote)
    {
        var end = _at;
        do
        {
            end = end + 1 < _text.Length ? _text.IndexOf(quote, end + 1) : -1;
        }
        while (end > 0 && _text[end - 1] == '\\');

        if (end < 0)
        {
            return Fail("unterminated quoted string");
        }

        var text = _text[(_at + 1)..end].Replace($"\\{quote}", quote.ToString(), StringComparison.Ordinal);
        _at = end + 1;
        return Add(JsonPath.Literal(JsonValue.Create(text), isOfEach: false));
    }

    private bool ReadBrackets()
    {
        var length = Rest.IndexOfAny(']', '\n');
        if (length < 0 || Rest[length] != ']')
        {
            return Fail("unterminated array");
        }

        var inner = Rest[1..length].ToString();
        _at += length + 1;
        if (inner.Contains(',', StringComparison.Ordinal))
        {
            var parts = new List<JsonPath>();
            foreach (var text in inner.Split(','))
            {
                if (ReadPart($"[{text.Trim(' ')}]") is not { } part)
                {
                    return false;
                }

                parts.Add(part);
            }

            return Add(JsonPath.Union(parts));
        }

        if (Key().Match(inner) is { Success: true } key)
        {
            return ReadPart($".{key.Groups[1].Value}") is { } path && Add(path.Steps);
        }

        return Bounds(inner == "*" ? ":" : inner) is { } bounds && Add(JsonPath.Slice(bounds));
    }

    private SliceBounds? Bounds(string text)
    {
        var match = Range().Match(text);
        if (!match.Success)
        {
            Fail($"invalid array index {text}");
            return null;
        }

        var numbers = new int?[3];
        for (var i = 0; i < numbers.Length; i++)
        {
            var part = match.Groups[i + 1].Value.TrimStart(':');
            if (part.Length == 0)
            {
                continue;
            }

            if (!int.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                Fail($"array index {part} is not a number");
                return null;
            }

            numbers[i] = number;
        }

        return new SliceBounds(numbers[0], numbers[1], numbers[2], IsIndex: !match.Groups[2].Success);
    }

    private bool ReadFilter()
    {
        var start = _at + "[?(".Length;
        if (FindEnd(start) is not { } end)
        {
            return false;
        }

        var condition = _text[start..end];
        _at = end + 2;
        if (Condition().Match(condition) is not { Success: true } match)
        {
            return ReadPart(condition) is { } wanted && Add(JsonPath.Having(wanted));
        }

        return ReadPart(match.Groups[1].Value) is { } left && ReadPart(match.Groups[3].Value) is { } right
            && Add(JsonPath.Comparing(left, match.Groups[2].Value, right));
    }

    /// <summary>Where a filter's closing parenthesis is, which a bracket must follow; one text may be quoted in it.
    /// </summary>
    private int? FindEnd(int start)
    {
        var (quote, isClosed) = ('\0', false);
        for (var i = start; i < _text.Length && _text[i] != '\n'; i++)
        {
            switch (_text[i])
            {
                case '"' or '\'' when quote == '\0':
                    quote = _text[i];
                    break;
                case var c when c == quote && _text[i - 1] != '\\':
                    isClosed = true;
                    break;
                case ')' when quote == '\0' || isClosed:
                    if (i + 1 < _text.Length && _text[i + 1] == ']')
                    {
                        return i;
                    }

                    Fail("unclosed array expect ]");
                    return null;
            }
        }

        Fail("unterminated filter");
        return null;
    }

    [GeneratedRegex("^'([^']*)'\\z")]
    private static partial Regex Key();

    [GeneratedRegex("^(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?\\z")]
    private static partial Regex Range();

    [GeneratedRegex("^([^!<>=]+)([!<>=]+)(.+?)\\z")]
    private static partial Regex Condition();
}
