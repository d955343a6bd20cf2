using System.Buffers.Text;
using System.Text;

namespace OrleansOrchestrator.Logs.Lines;

/// <summary>
/// Finds out how bad a line says it is: by the field <c>level</c>, <c>severity</c> or <c>lvl</c> of JSON and of
/// <c>name=value</c> texts, by klog's first letter, or by a word near its beginning (<c>ERROR</c>, <c>[warn]</c>,
/// <c>info:</c>). What is none of that has no severity: guessing from words further on finds more that is wrong than
/// right.
/// </summary>
public static class SeverityDetector
{
    /// <summary>Where words count: what most formats need for their time and a name.</summary>
    private const int PrefixBytes = 72;

    private const int LongestWord = 11;

    private static readonly byte[][] Fields = ["level"u8.ToArray(), "severity"u8.ToArray(), "lvl"u8.ToArray()];

    public static Severity Detect(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            return Severity.None;
        }

        if (line[0] == (byte)'{')
        {
            return OfFields(line, isJson: true);
        }

        if (IsKlog(line))
        {
            return line[0] switch
            {
                (byte)'I' => Severity.Info,
                (byte)'W' => Severity.Warning,
                (byte)'E' => Severity.Error,
                _ => Severity.Fatal,
            };
        }

        var byField = line.Contains((byte)'=') ? OfFields(line, isJson: false) : Severity.None;
        return byField != Severity.None ? byField : OfPrefix(line[..Math.Min(line.Length, PrefixBytes)]);
    }

    /// <summary>What a value of a level field means; none for one that is not known.</summary>
    public static Severity Parse(ReadOnlySpan<byte> value)
    {
        if (Utf8Parser.TryParse(value, out int number, out var used) && used == value.Length)
        {
            // What pino and bunyan write.
            return number switch
            {
                10 or 20 => Severity.Debug,
                30 => Severity.Info,
                40 => Severity.Warning,
                50 => Severity.Error,
                60 => Severity.Fatal,
                _ => Severity.None,
            };
        }

        Span<byte> lower = stackalloc byte[LongestWord];
        return value.Length <= LongestWord
            && Ascii.ToLower(value, lower, out var length) == System.Buffers.OperationStatus.Done
                ? OfWord(lower[..length])
                : Severity.None;
    }

    private static Severity OfWord(ReadOnlySpan<byte> lower) =>
        lower.SequenceEqual("info"u8) || lower.SequenceEqual("information"u8) || lower.SequenceEqual("notice"u8)
            ? Severity.Info
            : lower.SequenceEqual("error"u8) || lower.SequenceEqual("err"u8) || lower.SequenceEqual("fail"u8)
                ? Severity.Error
            : lower.SequenceEqual("warn"u8) || lower.SequenceEqual("warning"u8) ? Severity.Warning
            : lower.SequenceEqual("debug"u8) || lower.SequenceEqual("trace"u8) || lower.SequenceEqual("dbug"u8)
                || lower.SequenceEqual("trce"u8) || lower.SequenceEqual("verbose"u8)
                ? Severity.Debug
            : lower.SequenceEqual("fatal"u8) || lower.SequenceEqual("critical"u8) || lower.SequenceEqual("panic"u8)
                || lower.SequenceEqual("crit"u8) || lower.SequenceEqual("emerg"u8) || lower.SequenceEqual("alert"u8)
                ? Severity.Fatal
            : Severity.None;

    private static bool IsKlog(ReadOnlySpan<byte> line) =>
        line.Length > 6 && line[0] is (byte)'I' or (byte)'W' or (byte)'E' or (byte)'F'
        && line[5] == (byte)' ' && !line[1..5].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private static Severity OfFields(ReadOnlySpan<byte> line, bool isJson)
    {
        foreach (var field in Fields)
        {
            var rest = line;
            for (var at = rest.IndexOf(field); at >= 0; at = rest.IndexOf(field))
            {
                var before = at == 0 ? (byte)' ' : rest[at - 1];
                rest = rest[(at + field.Length)..];
                var value = isJson ? JsonValue(before, rest) : TextValue(before, rest);
                if (Parse(value) is not Severity.None and var found)
                {
                    return found;
                }
            }
        }

        return Severity.None;
    }

    private static ReadOnlySpan<byte> JsonValue(byte before, ReadOnlySpan<byte> rest)
    {
        if (before is not ((byte)'"' or (byte)'.') || rest is not [(byte)'"', ..])
        {
            return default;
        }

        rest = rest[1..].TrimStart(" :"u8);
        return UpToEnd(rest is [(byte)'"', ..] ? rest[1..] : rest);
    }

    private static ReadOnlySpan<byte> TextValue(byte before, ReadOnlySpan<byte> rest) =>
        before != (byte)' ' || rest is not [(byte)'=', ..] ? default
            : UpToEnd(rest is [_, (byte)'"', ..] ? rest[2..] : rest[1..]);

    private static ReadOnlySpan<byte> UpToEnd(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAny("\",} \t"u8);
        return end < 0 ? text : text[..end];
    }

    /// <summary>
    /// The first word that is a level, written as levels are: in capitals, in brackets or with a colon.
    /// </summary>
    private static Severity OfPrefix(ReadOnlySpan<byte> text)
    {
        for (var start = 0; start < text.Length;)
        {
            if (!IsLetter(text[start]))
            {
                start++;
                continue;
            }

            var end = start + 1;
            while (end < text.Length && (IsLetter(text[end]) || text[end] is >= (byte)'0' and <= (byte)'9'))
            {
                end++;
            }

            var word = text[start..end];
            if (word.Length is >= 3 and <= LongestWord && IsMarked(text, start, end)
                && Parse(word) is not Severity.None and var found)
            {
                return found;
            }

            start = end;
        }

        return Severity.None;
    }

    private static bool IsMarked(ReadOnlySpan<byte> text, int start, int end) =>
        !text[start..end].ContainsAnyExceptInRange((byte)'A', (byte)'Z')
        || (end < text.Length && (text[end] == (byte)':'
            || (start > 0 && text[start - 1] is (byte)'[' or (byte)'<' or (byte)'|'
                && text[end] is (byte)']' or (byte)'>' or (byte)'|')));

    private static bool IsLetter(byte value) => (value | 0x20) is >= (byte)'a' and <= (byte)'z';
}
