using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>
/// One line of a CRI log file: <c>2026-11-23T05:00:00.000000000Z stdout F text</c>. F ends a line, P is a part of one.
/// The content is a slice of the bytes given; nothing is copied.
/// </summary>
public readonly ref struct CriLogLine
{
    private CriLogLine(ReadOnlySpan<byte> timestamp, bool isStderr, bool isPartial, ReadOnlySpan<byte> content)
    {
        Timestamp = timestamp;
        IsStderr = isStderr;
        IsPartial = isPartial;
        Content = content;
    }

    /// <summary>RFC 3339 with nanoseconds, as written.</summary>
    public ReadOnlySpan<byte> Timestamp { get; }

    public bool IsStderr { get; }

    public bool IsPartial { get; }

    /// <summary>The text without the line end of the file; a full line gets one back when it is shown.</summary>
    public ReadOnlySpan<byte> Content { get; }

    /// <summary>
    /// Parses a line without its line end. False for anything that is not one: it is skipped, never an error.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out CriLogLine parsed)
    {
        parsed = default;
        if (!TryField(ref line, out var timestamp) || !TryField(ref line, out var stream))
        {
            return false;
        }

        // the tags field may be the last one when the content is empty
        if (!TryField(ref line, out var tags))
        {
            tags = line;
            line = default;
        }

        var isStderr = stream.SequenceEqual("stderr"u8);
        if ((!isStderr && !stream.SequenceEqual("stdout"u8)) || tags.IsEmpty || !LooksLikeTime(timestamp))
        {
            return false;
        }

        var tag = tags.IndexOf((byte)':') is var colon and >= 0 ? tags[..colon] : tags;
        if (!tag.SequenceEqual("F"u8) && !tag.SequenceEqual("P"u8))
        {
            return false;
        }

        parsed = new CriLogLine(timestamp, isStderr, tag[0] == (byte)'P', line);
        return true;
    }

    /// <summary>The time as a value, for "since" filters; null when it is none.</summary>
    public DateTimeOffset? Time =>
        DateTimeOffset.TryParse(
            Encoding.UTF8.GetString(Timestamp), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    private static bool TryField(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> field)
    {
        var space = rest.IndexOf((byte)' ');
        if (space < 0)
        {
            field = default;
            return false;
        }

        field = rest[..space];
        rest = rest[(space + 1)..];
        return true;
    }

    /// <summary>Enough to tell a time from other text without parsing it: year, dash, and a T.</summary>
    private static bool LooksLikeTime(ReadOnlySpan<byte> text) =>
        text.Length >= 20 && text[4] == (byte)'-' && text[10] == (byte)'T'
        && Utf8Parser.TryParse(text[..4], out int _, out var used) && used == 4;
}
