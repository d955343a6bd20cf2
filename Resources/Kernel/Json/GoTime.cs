using System.Globalization;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>Parses times as Go's <c>time.Parse</c> does with RFC 3339 layouts, with its error texts.</summary>
public static class GoTime
{
    private const string Layout = "2006-01-02T15:04:05Z07:00";
    private const string MicroLayout = "2006-01-02T15:04:05.000000Z07:00";

    private static readonly string[] Elements = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];

    /// <summary>A UTC time, truncated to what the layout keeps; the error is Go's.</summary>
    public static bool TryParse(string text, bool hasMicroseconds, out DateTime time, out string error)
    {
        var at = 0;
        time = default;
        Span<int> fields = stackalloc int[6];
        var field = 0;
        foreach (var element in Elements)
        {
            if (!TryElement(text, ref at, element, fields, ref field))
            {
                error = Cannot(text, at, element, hasMicroseconds);
                return false;
            }
        }

        if (!TryFraction(text, ref at, hasMicroseconds, out var ticks))
        {
            error = Cannot(text, at, ".000000", hasMicroseconds);
            return false;
        }

        if (!TryZone(text, ref at, out var offset))
        {
            error = Cannot(text, at, "Z07:00", hasMicroseconds);
            return false;
        }

        return TryCompose(text, at, fields, ticks, offset, hasMicroseconds, out time, out error);
    }

    private static bool TryElement(string text, ref int at, string element, Span<int> fields, ref int field)
    {
        if (element.Length == 1)
        {
            if (at >= text.Length || text[at] != element[0])
            {
                return false;
            }

            at++;
            return true;
        }

        if (text.Length - at < element.Length ||
            !int.TryParse(text.AsSpan(at, element.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        fields[field++] = value;
        at += element.Length;
        return true;
    }

    private static bool TryFraction(string text, ref int at, bool exactlySix, out long ticks)
    {
        const int TickDigits = 7;
        ticks = 0;
        if (at >= text.Length || text[at] is not ('.' or ','))
        {
            return !exactlySix;
        }

        // A layout with six digits takes six, whatever follows; one without takes all.
        var end = at + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end]) && !(exactlySix && end == at + 7))
        {
            end++;
        }

        var digits = text.AsSpan(at + 1, end - at - 1);
        if (digits.Length == 0 || (exactlySix && digits.Length != 6))
        {
            return false;
        }

        for (var i = 0; i < TickDigits; i++)
        {
            ticks = (ticks * 10) + (i < digits.Length ? digits[i] - '0' : 0);
        }

        ticks = exactlySix ? ticks : 0;
        at = end;
        return true;
    }

    private static bool TryZone(string text, ref int at, out TimeSpan offset)
    {
        offset = default;
        if (at < text.Length && text[at] == 'Z')
        {
            at++;
            return true;
        }

        if (text.Length - at < 6 || text[at] is not ('+' or '-') || text[at + 3] != ':' ||
            !int.TryParse(text.AsSpan(at + 1, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var hours) ||
            !int.TryParse(text.AsSpan(at + 4, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) ||
            hours > 24 || minutes > 60)
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0) * (text[at] == '-' ? -1 : 1);
        at += 6;
        return true;
    }

    private static bool TryCompose(
        string text, int at, Span<int> fields, long ticks, TimeSpan offset, bool hasMicroseconds, out DateTime time, out string error)
    {
        time = default;
        var what = OutOfRange(fields);
        if (what is not null || at < text.Length)
        {
            error = $"parsing time {GoText.Quote(text)}" + (what is not null
                ? $": {what} out of range"
                : $": extra text: {GoText.Quote(text[at..])}");
            return false;
        }

        error = "";
        var local = fields[0] == 0
            ? DateTime.MinValue
            : new DateTime(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]);
        var utc = local.Ticks + ticks - offset.Ticks;
        time = new DateTime(Math.Clamp(utc, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), DateTimeKind.Utc);
        return true;
    }

    private static string? OutOfRange(ReadOnlySpan<int> fields)
    {
        var daysInYearZero = fields[0] == 0 ? 4 : fields[0];
        return fields switch
        {
            [_, < 1 or > 12, ..] => "month",
            [_, _, _, > 23, ..] => "hour",
            [_, _, _, _, > 59, ..] => "minute",
            [_, _, _, _, _, > 59, ..] => "second",
            [_, var month, var day, ..] when day < 1 || day > DateTime.DaysInMonth(daysInYearZero, month) => "day",
            _ => null,
        };
    }

    private static string Cannot(string text, int at, string element, bool hasMicroseconds) =>
        $"parsing time {GoText.Quote(text)} as {GoText.Quote(hasMicroseconds ? MicroLayout : Layout)}: cannot parse " +
        $"{GoText.Quote(text[Math.Min(at, text.Length)..])} as {GoText.Quote(element)}";
}
