using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// Reads paths as upstream's parser does, with all that follows from how it does it: a key in brackets is read as a
/// path of its own, so that dots in it are to be escaped; a filter is in no other; and an operand of one is a path, or
/// a literal, which stands where a path stands.
/// </summary>
internal sealed partial class JsonPathReader
{
    /// <summary>What ends a name unless it is escaped.</summary>
    private static readonly SearchValues<char> Terminators = SearchValues.Create(" \t\r\n.,[]$@{}");

    private readonly string _text;
    private readonly List<JsonPath.Step> _steps = [];
    private int _at;
    private bool _isAfterRecursion;

    private JsonPathReader(string text) => _text = text;

    private ReadOnlySpan<char> Rest => _text.AsSpan(_at);

    /// <summary>A path; null when the text is none.</summary>
    public static JsonPath? Read(string text)
    {
        var reader = new JsonPathReader(text);
        while (reader._at < text.Length)
        {
            if (!reader.ReadStep())
            {
                return null;
            }
        }

        return new JsonPath(reader._steps);
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
            return !isAfterRecursion && ReadRecursion();
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
                return false;
        }
    }

    private bool Add(JsonPath.Step step)
    {
        _steps.Add(step);
        return true;
    }

    private bool ReadRecursion()
    {
        _at += 2;
        _steps.Add(JsonPath.Recursive);
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
                && Add(JsonPath.Literal(JsonValue.Create(number), isOfEach: true));
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
            return false;
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
            return false;
        }

        var inner = Rest[1..length].ToString();
        _at += length + 1;
        if (inner.Contains(',', StringComparison.Ordinal))
        {
            var parts = inner.Split(',').Select(static p => Read($"[{p.Trim(' ')}]")).ToList();
            return parts.TrueForAll(static p => p is not null) && Add(JsonPath.Union(parts!));
        }

        if (Key().Match(inner) is { Success: true } key)
        {
            var path = Read($".{key.Groups[1].Value}");
            _steps.AddRange(path?.Steps ?? []);
            return path is not null;
        }

        return Bounds(inner == "*" ? ":" : inner) is { } bounds && Add(JsonPath.Slice(bounds));
    }

    private static SliceBounds? Bounds(string text)
    {
        var match = Range().Match(text);
        if (!match.Success)
        {
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
            return Read(condition) is { } wanted && Add(JsonPath.Having(wanted));
        }

        return Read(match.Groups[1].Value) is { } left && Read(match.Groups[3].Value) is { } right
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
                    return i + 1 < _text.Length && _text[i + 1] == ']' ? i : null;
            }
        }

        return null;
    }

    [GeneratedRegex("^'([^']*)'\\z")]
    private static partial Regex Key();

    [GeneratedRegex("^(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?\\z")]
    private static partial Regex Range();

    [GeneratedRegex("^([^!<>=]+)([!<>=]+)(.+?)\\z")]
    private static partial Regex Condition();
}
