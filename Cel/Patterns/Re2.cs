using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Cel.Patterns;

/// <summary>
/// Regular expressions as RE2 has them, matched in time linear in the text: the pattern is read as RE2 reads it and
/// written for an engine that does not backtrack. What RE2 has not (back references, look-around) is refused.
/// </summary>
public sealed partial class Re2
{
    /// <summary>Patterns that are kept compiled. When there are more, all are forgotten.</summary>
    private const int MaxKept = 1000;

    /// <summary>As in Go: how often a part may be repeated, nested repetitions multiplied.</summary>
    private const int MaxRepeat = 1000;

    private const int MaxLength = 20_000;
    private const int MaxNesting = 250;

    private static readonly ConcurrentDictionary<string, (Regex? Regex, string Complaint)> Kept =
        new(StringComparer.Ordinal);

    private readonly string _pattern;
    private readonly StringBuilder _made = new();
    private int _at;
    private int _depth;
    private bool _multiline;

    private Re2(string pattern) => _pattern = pattern;

    /// <summary>The pattern ready for use; null with a complaint in Go's words when it is none.</summary>
    public static Regex? Find(string pattern, out string complaint)
    {
        if (!Kept.TryGetValue(pattern, out var found))
        {
            if (Kept.Count >= MaxKept)
            {
                Kept.Clear();
            }

            found = Make(pattern);
            Kept[pattern] = found;
        }

        complaint = found.Complaint;
        return found.Regex;
    }

    private static (Regex?, string) Make(string pattern)
    {
        try
        {
            var reader = new Re2(pattern);
            reader.Read();
            return (new Regex(reader._made.ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant),
                "");
        }
        catch (FormatException refused)
        {
            return (null, $"error parsing regexp: {refused.Message}");
        }
        catch (Exception refused) when (refused is ArgumentException or NotSupportedException)
        {
            return (null, $"error parsing regexp: invalid or unsupported Perl syntax: `{pattern}`");
        }
    }

    private char At(int offset) => _at + offset < _pattern.Length ? _pattern[_at + offset] : '\0';

    private bool Starts(string text) => _pattern.AsSpan(_at).StartsWith(text, StringComparison.Ordinal);

    private void Read()
    {
        if (_pattern.Length > MaxLength)
        {
            throw new FormatException("expression too large");
        }

        Alternatives(1);
        if (_at < _pattern.Length)
        {
            throw new FormatException($"unexpected ): `{_pattern}`");
        }
    }

    private void Alternatives(int repeated)
    {
        if (++_depth > MaxNesting)
        {
            throw new FormatException($"expression nests too deeply: `{_pattern}`");
        }

        while (_at < _pattern.Length && _pattern[_at] != ')')
        {
            if (_pattern[_at] == '|')
            {
                _made.Append('|');
                _at++;
                continue;
            }

            Repeated(repeated);
        }

        _depth--;
    }

    /// <summary>One part with what repeats it. Its largest count is known before the part is written.</summary>
    private void Repeated(int repeated)
    {
        var start = _made.Length;
        var partAt = _at;
        Part(repeated);
        var isFirst = true;
        var product = repeated;
        while (_at < _pattern.Length && Repetition() is { } repetition)
        {
            if (!isFirst)
            {
                throw new FormatException(
                    $"invalid nested repetition operator: `{_pattern[(_at - repetition.Length)..]}`");
            }

            isFirst = false;
            product = (int)Math.Min((long)product * Math.Max(repetition.Max, 1), int.MaxValue);
            if (product > MaxRepeat)
            {
                throw new FormatException($"invalid repeat count: `{_pattern[(_at - repetition.Length).._at]}`");
            }

            if (repetition.Max > 1 && _made.Length > start && product != repeated)
            {
                // Read once more with the count in mind, so that counts inside multiply with it.
                var end = _at;
                _at = partAt;
                _made.Length = start;
                Part(product);
                _at = end;
            }

            _made.Append(repetition.Text);
        }
    }

    private readonly record struct Repeat(string Text, int Length, int Max);

    private Repeat? Repetition()
    {
        var start = _at;
        var max = 1;
        if (_pattern[_at] is '*' or '+' or '?')
        {
            _at++;
        }
        else if (_pattern[_at] == '{' && Counted() is { } most)
        {
            max = most;
        }
        else
        {
            return null;
        }

        if (At(0) == '?')
        {
            _at++;
        }

        return new Repeat(_pattern[start.._at], _at - start, max);
    }

    /// <summary>
    /// The larger number of <c>{n}</c>, <c>{n,}</c> or <c>{n,m}</c>; null when the brace is a plain character.
    /// </summary>
    private int? Counted()
    {
        var end = _pattern.IndexOf('}', _at);
        if (end < 0)
        {
            return null;
        }

        var parts = _pattern[(_at + 1)..end].Split(',');
        if (parts.Length > 2 || parts[0].Length == 0 || !parts.All(static p => p.All(char.IsAsciiDigit)))
        {
            return null;
        }

        var numbers = parts.Where(static p => p.Length > 0)
            .Select(static p => p.Length > 5 ? int.MaxValue : int.Parse(p, CultureInfo.InvariantCulture)).ToArray();
        if (numbers.Max() > MaxRepeat || (numbers.Length == 2 && numbers[0] > numbers[1]))
        {
            throw new FormatException($"invalid repeat count: `{_pattern[_at..(end + 1)]}`");
        }

        _at = end + 1;
        return numbers.Max();
    }

    private void Part(int repeated)
    {
        var c = _pattern[_at];
        switch (c)
        {
            case '(':
                Group(repeated);
                break;
            case '[':
                new ClassReader(this).Read();
                break;
            case '\\':
                Escape();
                break;
            case '*' or '+' or '?':
                throw new FormatException($"missing argument to repetition operator: `{c}`");
            case '$':
                _made.Append(_multiline ? "$" : "\\z");
                _at++;
                break;
            case '{' or '}' or ']' or '#' or ' ':
                _made.Append('\\').Append(c);
                _at++;
                break;
            default:
                var length = char.IsHighSurrogate(c) && char.IsLowSurrogate(At(1)) ? 2 : 1;
                _made.Append(length == 2 ? $"(?:{_pattern.AsSpan(_at, 2)})" : c.ToString());
                _at += length;
                break;
        }
    }

    private void Group(int repeated)
    {
        var start = _at;
        var before = _multiline;
        _at++;
        if (At(0) != '?')
        {
            _made.Append('(');
        }
        else if (Starts("?P<") || Starts("?<"))
        {
            Name(start);
        }
        else if (!Flags(start))
        {
            return;
        }

        Alternatives(repeated);
        if (At(0) != ')')
        {
            throw new FormatException($"missing closing ): `{_pattern}`");
        }

        _made.Append(')');
        _at++;
        _multiline = before;
    }

    private void Name(int start)
    {
        _at += Starts("?P<") ? 3 : 2;
        var end = _pattern.IndexOf('>', _at);
        var name = end < 0 ? "" : _pattern[_at..end];
        if (name.Length == 0 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new FormatException(end < 0 || name.Length == 0 || At(0) is '=' or '!'
                ? $"invalid or unsupported Perl syntax: `{_pattern[start..Math.Min(start + 4, _pattern.Length)]}`"
                : $"invalid named capture: `{_pattern[start..(end + 1)]}`");
        }

        // A name that starts with a digit would number the group elsewhere.
        _made.Append(char.IsAsciiDigit(name[0]) ? "(" : $"(?<{name}>");
        _at = end + 1;
    }

    /// <summary>Reads <c>?flags:</c> or <c>?flags)</c>; whether a group's content follows.</summary>
    private bool Flags(int start)
    {
        _at++;
        var flags = new StringBuilder();
        var isOff = false;
        for (; _at < _pattern.Length; _at++)
        {
            var c = _pattern[_at];
            switch (c)
            {
                case 'i' or 's':
                    flags.Append(c);
                    break;
                case 'm':
                    flags.Append(c);
                    _multiline = !isOff;
                    break;
                case '-' when !isOff:
                    flags.Append(c);
                    isOff = true;
                    break;
                case ':':
                    _at++;
                    _made.Append("(?").Append(flags).Append(':');
                    return true;
                case ')' when flags.Length > 0:
                    _at++;
                    _made.Append("(?").Append(flags).Append(')');
                    return false;
                default:
                    throw new FormatException(
                        $"invalid or unsupported Perl syntax: `{_pattern[start..Math.Min(_at + 1, _pattern.Length)]}`");
            }
        }

        throw new FormatException($"missing closing ): `{_pattern}`");
    }

    private void Escape()
    {
        if (_at + 1 >= _pattern.Length)
        {
            throw new FormatException("trailing backslash at end of expression: ``");
        }

        var c = _pattern[_at + 1];
        var simple = c switch
        {
            'A' => "\\A",
            'z' => "\\z",
            'b' => "\\b",
            'B' => "\\B",
            'C' => throw Refused(2),
            _ => null,
        };
        if (simple is not null)
        {
            _made.Append(simple);
            _at += 2;
            return;
        }

        if (c == 'Q')
        {
            var end = _pattern.IndexOf("\\E", _at + 2, StringComparison.Ordinal);
            var literal = end < 0 ? _pattern[(_at + 2)..] : _pattern[(_at + 2)..end];
            _made.Append("(?:").Append(Regex.Escape(literal)).Append(')');
            _at = end < 0 ? _pattern.Length : end + 2;
            return;
        }

        var set = ClassEscape();
        _made.Append(set is not null ? set.StartsWith('^') || set.Length != 1 ? $"[{set}]" : set : Code());
    }

    private FormatException Refused(int length) =>
        new($"invalid escape sequence: `{_pattern[_at..Math.Min(_at + length, _pattern.Length)]}`");

    /// <summary>The content of a class for <c>\d</c> and its like; null when the escape is none of them.</summary>
    private string? ClassEscape()
    {
        var c = At(1);
        var known = c switch
        {
            'd' => "0-9",
            'D' => "^0-9",
            'w' => "0-9A-Za-z_",
            'W' => "^0-9A-Za-z_",
            's' => "\\t\\n\\f\\r\\u0020",
            'S' => "^\\t\\n\\f\\r\\u0020",
            _ => null,
        };
        if (known is not null)
        {
            _at += 2;
            return known;
        }

        if (c is not ('p' or 'P'))
        {
            return null;
        }

        var end = At(2) == '{' ? _pattern.IndexOf('}', _at) : _at + 2;
        if (end < 0 || end >= _pattern.Length)
        {
            throw new FormatException($"invalid character class range: `{_pattern[_at..]}`");
        }

        var name = _pattern[(At(2) == '{' ? _at + 3 : _at + 2)..(At(2) == '{' ? end : end + 1)];
        var isNot = (c == 'P') != name.StartsWith('^');
        name = name.TrimStart('^');
        var text = UnicodeSets.Find(name)
            ?? throw new FormatException($"invalid character class range: `{_pattern[_at..(end + 1)]}`");
        _at = end + 1;
        return isNot ? "^" + text : text;
    }

    /// <summary>The character an escape means, as it is written for the engine.</summary>
    private string Code()
    {
        var c = At(1);
        if (c == 'x')
        {
            return Hex();
        }

        if (c is >= '1' and <= '9' || char.IsAsciiLetter(c))
        {
            var code = "afnrtv".IndexOf(c, StringComparison.Ordinal);
            if (code < 0)
            {
                throw Refused(2);
            }

            _at += 2;
            return Written("\a\f\n\r\t\v"[code]);
        }

        if (c == '0')
        {
            _at += 2;
            var value = 0;
            for (var i = 0; i < 2 && At(0) is >= '0' and <= '7'; i++)
            {
                value = (value * 8) + (_pattern[_at++] - '0');
            }

            return Written((char)value);
        }

        if (c >= 0x80)
        {
            throw Refused(2);
        }

        _at += 2;
        return Written(c);
    }

    private string Hex()
    {
        var isBraced = At(2) == '{';
        var start = _at + (isBraced ? 3 : 2);
        var end = isBraced ? _pattern.IndexOf('}', _at) : Math.Min(start + 2, _pattern.Length);
        if (end < 0 || end - start is < 1 or > 6 || (!isBraced && end - start != 2)
            || !int.TryParse(_pattern[start..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out var code)
            || code > 0x10FFFF || code is >= 0xD800 and <= 0xDFFF)
        {
            throw Refused(Math.Max(end, _at + 2) - _at);
        }

        _at = isBraced ? end + 1 : end;
        return code < 0x10000 ? Written((char)code) : $"(?:{char.ConvertFromUtf32(code)})";
    }

    private static string Written(char c) => $"\\u{(int)c:x4}";
}
