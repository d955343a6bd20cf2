using System.Buffers;
using System.Net;
using System.Text;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Rewrites the links in HTML as it streams by: the values of the attributes that hold URLs, everything else stays byte
/// for byte. Only a start tag is held until it is whole; one that is longer than any real one passes as it is.
/// </summary>
internal sealed class HtmlLinks(Func<string, string> rewrite)
{
    private const int MaxTagBytes = 64 * 1024;

    // Upstream's list: http://www.w3.org/TR/REC-html40/index/attributes.html and its successor.
    private static readonly Dictionary<string, string[]> Attributes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["a"] = ["href"], ["applet"] = ["codebase"], ["area"] = ["href"], ["audio"] = ["src"], ["base"] = ["href"],
        ["blockquote"] = ["cite"], ["body"] = ["background"], ["button"] = ["formaction"], ["command"] = ["icon"],
        ["del"] = ["cite"], ["embed"] = ["src"], ["form"] = ["action"], ["frame"] = ["longdesc", "src"],
        ["head"] = ["profile"], ["html"] = ["manifest"], ["iframe"] = ["longdesc", "src"],
        ["img"] = ["longdesc", "src", "usemap"], ["input"] = ["src", "usemap", "formaction"], ["ins"] = ["cite"],
        ["link"] = ["href"], ["object"] = ["classid", "codebase", "data", "usemap"], ["q"] = ["cite"],
        ["script"] = ["src"], ["source"] = ["src"], ["video"] = ["poster", "src"],
    };

    // What stands in these is text, whatever it looks like.
    private static readonly string[] TextElements =
        ["iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"];

    private readonly ArrayBufferWriter<byte> _pending = new();

    // What ends the passage that is passed as it is; nothing between two tags.
    private byte[] _until = [];
    private bool _untilEndTag;

    // How much of the tag that is held has been read: of one that comes byte by byte not all is read each time.
    private int _scanned;

    /// <summary>
    /// Takes the next bytes, and writes what is decided. The last call says so, and leaves nothing behind.
    /// </summary>
    public void Process(ReadOnlySpan<byte> bytes, bool isLast, IBufferWriter<byte> output)
    {
        _pending.Write(bytes);
        var rest = _pending.WrittenSpan;
        while (rest.Length > 0 && Step(ref rest, isLast, output))
        {
        }

        if (rest.Length == _pending.WrittenCount && !isLast)
        {
            return;
        }

        var left = rest.ToArray();
        _pending.ResetWrittenCount();
        if (isLast)
        {
            output.Write(left);
        }
        else
        {
            _pending.Write(left);
        }
    }

    // False when nothing more can be decided before more has come.
    private bool Step(ref ReadOnlySpan<byte> rest, bool isLast, IBufferWriter<byte> output)
    {
        if (_until.Length > 0)
        {
            return PassUntilEnd(ref rest, output);
        }

        var open = rest.IndexOf((byte)'<');
        Pass(ref rest, open < 0 ? rest.Length : open, output);
        if (rest.Length < 2)
        {
            return false;
        }

        switch ((char)rest[1])
        {
            case >= 'a' and <= 'z' or >= 'A' and <= 'Z':
                return TryTag(ref rest, isLast, output);
            case '!' when rest.Length < 4 && !isLast:
                return false;
            case '!' or '?' or '/':
                _until = rest[2..].StartsWith("--"u8) && rest[1] == '!' ? "-->"u8.ToArray() : ">"u8.ToArray();
                Pass(ref rest, 2, output);
                return true;
            default:
                Pass(ref rest, 1, output);
                return true;
        }
    }

    private bool PassUntilEnd(ref ReadOnlySpan<byte> rest, IBufferWriter<byte> output)
    {
        var end = IndexOfEnd(rest);
        if (end < 0)
        {
            Pass(ref rest, Math.Max(0, rest.Length - _until.Length), output);
            return false;
        }

        Pass(ref rest, _untilEndTag ? end : end + _until.Length, output);
        (_until, _untilEndTag) = ([], false);
        return true;
    }

    private int IndexOfEnd(ReadOnlySpan<byte> text)
    {
        if (!_untilEndTag)
        {
            return text.IndexOf(_until);
        }

        for (var at = text.IndexOf((byte)'<'); at >= 0 && at + _until.Length < text.Length;)
        {
            if (Ascii.EqualsIgnoreCase(text.Slice(at, _until.Length), _until)
                && text[at + _until.Length] is (byte)'>' or (byte)'/' or <= (byte)' ')
            {
                return at;
            }

            var next = text[(at + 1)..].IndexOf((byte)'<');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return -1;
    }

    private bool TryTag(ref ReadOnlySpan<byte> rest, bool isLast, IBufferWriter<byte> output)
    {
        var tag = new HtmlTag(rest);
        if (!tag.Read(ref _scanned, out var name))
        {
            if (rest.Length > MaxTagBytes && !isLast)
            {
                _scanned = 0;
                _until = ">"u8.ToArray();
                return true;
            }

            return false;
        }

        _scanned = 0;
        var copied = 0;
        var wanted = Attributes.GetValueOrDefault(name, []);
        while (tag.ReadAttribute(out var attribute, out var value))
        {
            if (!wanted.Contains(attribute, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            var link = WebUtility.HtmlDecode(Encoding.UTF8.GetString(rest[value].Trim("\"'"u8)));
            var shown = rewrite(link);
            if (shown != link)
            {
                output.Write(rest[copied..value.Start.Value]);
                output.Write(Encoding.UTF8.GetBytes($"\"{Escape(shown)}\""));
                copied = value.End.Value;
            }
        }

        output.Write(rest[copied..tag.End]);
        rest = rest[tag.End..];
        if (TextElements.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            (_until, _untilEndTag) = (Encoding.ASCII.GetBytes($"</{name}"), true);
        }

        return true;
    }

    private static string Escape(string value) => value
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);

    private static void Pass(ref ReadOnlySpan<byte> rest, int count, IBufferWriter<byte> output)
    {
        output.Write(rest[..count]);
        rest = rest[count..];
    }
}

/// <summary>Reads one start tag, which begins the text.</summary>
internal ref struct HtmlTag(ReadOnlySpan<byte> text)
{
    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n\f/"u8);
    private static readonly SearchValues<byte> NameEnds = SearchValues.Create(" \t\r\n\f/>"u8);
    private static readonly SearchValues<byte> KeyEnds = SearchValues.Create(" \t\r\n\f/>="u8);
    private static readonly SearchValues<byte> ValueEnds = SearchValues.Create(" \t\r\n\f>"u8);

    private readonly ReadOnlySpan<byte> _text = text;
    private int _at = 1;

    /// <summary>Behind the tag, once it has been read.</summary>
    public int End { get; private set; }

    /// <summary>False when the tag is not whole. Afterwards its attributes can be read.</summary>
    /// <param name="scanned">Where the last attribute begins that had an end when the tag was read before: it may go on
    /// with an equals sign.</param>
    /// <param name="name">The element.</param>
    public bool Read(ref int scanned, out string name)
    {
        var first = Find(1, NameEnds);
        name = Encoding.ASCII.GetString(_text[1..first]);
        _at = Math.Max(first, scanned);
        for (var start = _at; ReadAttribute(out _, out _) && _at < _text.Length; start = _at)
        {
            scanned = start;
        }

        End = _at < _text.Length ? _at + 1 : 0;
        _at = first;
        return End > 0;
    }

    /// <summary>The next attribute, and where its value stands, quotes included; an empty range when it has none. False
    /// at the end.</summary>
    public bool ReadAttribute(out string name, out Range value)
    {
        (name, value) = ("", default);
        while (_at < _text.Length && Blanks.Contains(_text[_at]))
        {
            _at++;
        }

        if (_at >= _text.Length || _text[_at] == '>')
        {
            return false;
        }

        // An equals sign that begins a name is part of it.
        var end = Find(_at + 1, KeyEnds);
        name = Encoding.UTF8.GetString(_text[_at..end]);
        _at = end;
        var equals = SkipSpace(end);
        value = equals < _text.Length && _text[equals] == '=' ? ReadValue(SkipSpace(equals + 1)) : end..end;
        return true;
    }

    private Range ReadValue(int start)
    {
        var quote = start < _text.Length && _text[start] is (byte)'"' or (byte)'\'' ? _text[start] : (byte)0;
        if (quote == 0)
        {
            _at = Find(start, ValueEnds);
        }
        else
        {
            var length = _text[(start + 1)..].IndexOf(quote);
            _at = length < 0 ? _text.Length : start + length + 2;
        }

        return start.._at;
    }

    private readonly int SkipSpace(int from)
    {
        while (from < _text.Length && _text[from] != '/' && Blanks.Contains(_text[from]))
        {
            from++;
        }

        return from;
    }

    private readonly int Find(int from, SearchValues<byte> ends)
    {
        var length = from >= _text.Length ? -1 : _text[from..].IndexOfAny(ends);
        return length < 0 ? _text.Length : from + length;
    }
}
