using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Logs.Lines;

/// <summary>Times of lines: nanoseconds since 1970, which .NET's own types do not have.</summary>
public static class LogTime
{
    public const long NanosPerTick = 100;

    private const long NanosPerSecond = 1_000_000_000;

    /// <summary>What all times of lines lie in: 1970 to 2262.</summary>
    public static long Of(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * NanosPerTick;

    /// <summary>Cut to what .NET knows.</summary>
    public static DateTimeOffset ToTime(long nanos) => DateTimeOffset.UnixEpoch.AddTicks(nanos / NanosPerTick);

    /// <summary>RFC 3339 with nine digits, in UTC: as runtimes write them.</summary>
    public static string Format(long nanos)
    {
        var seconds = Math.DivRem(nanos, NanosPerSecond, out var rest);
        if (rest < 0)
        {
            (seconds, rest) = (seconds - 1, rest + NanosPerSecond);
        }

        return string.Create(
            CultureInfo.InvariantCulture,
                $"{DateTimeOffset.FromUnixTimeSeconds(seconds):yyyy-MM-dd'T'HH:mm:ss}.{rest:D9}Z");
    }

    /// <summary>
    /// RFC 3339 with any number of digits and any zone; false for anything else. Without allocation for what runtimes
    /// write.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long nanos)
    {
        nanos = 0;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] is not ((byte)'T' or (byte)'t')
            || text[13] != ':' || text[16] != ':'
            || !TryDigits(text[..4], out var year) || !TryDigits(text[5..7], out var month)
            || !TryDigits(text[8..10], out var day) || !TryDigits(text[11..13], out var hour)
            || !TryDigits(text[14..16], out var minute) || !TryDigits(text[17..19], out var second)
            || year is < 1970 or > 2261 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 60)
        {
            return false;
        }

        var rest = text[19..];
        var fraction = 0L;
        if (rest[0] == '.')
        {
            var digits = 1;
            for (var unit = NanosPerSecond / 10; digits < rest.Length
                && char.IsAsciiDigit((char)rest[digits]); digits++, unit /= 10)
            {
                fraction += (rest[digits] - '0') * unit;
            }

            rest = rest[digits..];
        }

        if (!TryZone(rest, out var zoneSeconds))
        {
            return false;
        }

        var days = (new DateTime(year, month, day).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerDay;
        var seconds = (days * 86400) + (hour * 3600) + (minute * 60) + second - zoneSeconds;
        nanos = (seconds * NanosPerSecond) + fraction;
        return true;
    }

    public static bool TryParse(string text, out long nanos) => TryParse(Encoding.UTF8.GetBytes(text), out nanos);

    private static bool TryZone(ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (text is [(byte)'Z' or (byte)'z'])
        {
            return true;
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':'
            || !TryDigits(text[1..3], out var hours) || !TryDigits(text[4..], out var minutes))
        {
            return false;
        }

        seconds = ((hours * 60) + minutes) * 60 * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            number = (number * 10) + digit - '0';
        }

        return true;
    }
}
