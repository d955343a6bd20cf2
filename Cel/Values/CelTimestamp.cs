using System.Globalization;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>A moment between the years 1 and 9999, to the nanosecond.</summary>
/// <param name="Seconds">Since 1970-01-01T00:00:00Z; negative before.</param>
/// <param name="Nanoseconds">Of the second, 0 to 999,999,999.</param>
public readonly record struct CelTimestamp(long Seconds, int Nanoseconds) : IComparable<CelTimestamp>
{
    internal const long MinSeconds = -62135596800;
    internal const long MaxSeconds = 253402300799;
    private const long NanosPerSecond = 1_000_000_000;

    /// <summary>Minutes east of Greenwich where it was written; it is printed so.</summary>
    internal short OffsetMinutes { get; init; }

    private int ShownOffset => InRange(Seconds + (OffsetMinutes * 60)) ? OffsetMinutes : 0;

    internal static bool InRange(long seconds) => seconds is >= MinSeconds and <= MaxSeconds;

    public static CelTimestamp Of(DateTimeOffset moment)
    {
        var ticks = moment.UtcTicks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        return rest < 0
            ? new(seconds - 1, (int)((rest + TimeSpan.TicksPerSecond) * 100))
            : new(seconds, (int)(rest * 100));
    }

    /// <summary>Reads RFC 3339.</summary>
    public static bool TryParse(string text, out CelTimestamp timestamp)
    {
        timestamp = default;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] is not ('T' or 't') || text[13] != ':'
            || text[16] != ':' || !Digits(text, 0, 4, out var year) || !Digits(text, 5, 2, out var month)
            || !Digits(text, 8, 2, out var day) || !Digits(text, 11, 2, out var hour)
            || !Digits(text, 14, 2, out var minute) || !Digits(text, 17, 2, out var second))
        {
            return false;
        }

        var at = 19;
        if (!Fraction(text, ref at, out var nanos) || !Zone(text, at, out var offset))
        {
            return false;
        }

        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var days = (new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Days;
        var seconds = (days * 86400L) + (hour * 3600) + (minute * 60) + second - (offset * 60);
        timestamp = new(seconds, nanos) { OffsetMinutes = (short)offset };
        return InRange(seconds);
    }

    /// <summary>The moment a while later; false beyond the years that are.</summary>
    internal bool TryAdd(long nanoseconds, out CelTimestamp sum)
    {
        var nanos = Nanoseconds + (nanoseconds % NanosPerSecond);
        var seconds = Seconds + (nanoseconds / NanosPerSecond) + Math.DivRem(nanos, NanosPerSecond, out nanos);
        if (nanos < 0)
        {
            nanos += NanosPerSecond;
            seconds--;
        }

        sum = new(seconds, (int)nanos) { OffsetMinutes = OffsetMinutes };
        return InRange(seconds);
    }

    /// <summary>Nanoseconds from the other to this; false when they are more than a duration holds.</summary>
    internal bool TrySubtract(CelTimestamp other, out long nanoseconds)
    {
        var difference = ((Int128)(Seconds - other.Seconds) * NanosPerSecond) + Nanoseconds - other.Nanoseconds;
        nanoseconds = (long)difference;
        return difference == nanoseconds;
    }

    public bool Equals(CelTimestamp other) => Seconds == other.Seconds && Nanoseconds == other.Nanoseconds;

    public override int GetHashCode() => HashCode.Combine(Seconds, Nanoseconds);

    public int CompareTo(CelTimestamp other) =>
        Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(CelTimestamp left, CelTimestamp right) => left.CompareTo(right) < 0;

    public static bool operator >(CelTimestamp left, CelTimestamp right) => left.CompareTo(right) > 0;

    public static bool operator <=(CelTimestamp left, CelTimestamp right) => left.CompareTo(right) <= 0;

    public static bool operator >=(CelTimestamp left, CelTimestamp right) => left.CompareTo(right) >= 0;

    internal DateTime ToDateTime() => DateTime.UnixEpoch.AddSeconds(Seconds);

    /// <summary>
    /// RFC 3339 with as many digits of the second as are needed, in the zone in which it was written; in UTC where that
    /// is beyond the years that are.
    /// </summary>
    public override string ToString()
    {
        var offset = ShownOffset;
        var text = ToDateTime().AddMinutes(offset).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        var zone = offset == 0
            ? "Z"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{(offset < 0 ? '-' : '+')}{Math.Abs(offset) / 60:00}:{Math.Abs(offset) % 60:00}");
        return Nanoseconds == 0
            ? text + zone
            : $"{text}.{Nanoseconds.ToString("000000000", CultureInfo.InvariantCulture).TrimEnd('0')}{zone}";
    }

    private static bool Digits(string text, int start, int count, out int number) =>
        int.TryParse(text.AsSpan(start, count), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static bool Fraction(string text, ref int at, out int nanos)
    {
        nanos = 0;
        if (text[at] is not '.')
        {
            return true;
        }

        var start = ++at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        nanos = int.Parse(text[start..Math.Min(at, start + 9)].PadRight(9, '0'), CultureInfo.InvariantCulture);
        return at > start && at < text.Length;
    }

    /// <summary>Minutes east of Greenwich.</summary>
    private static bool Zone(string text, int at, out int minutes)
    {
        minutes = 0;
        if (text[at] is 'Z' or 'z')
        {
            return at == text.Length - 1;
        }

        if (text.Length - at != 6 || text[at] is not ('+' or '-') || text[at + 3] != ':'
            || !Digits(text, at + 1, 2, out var hours) || !Digits(text, at + 4, 2, out var rest) || hours > 24
                || rest > 59)
        {
            return false;
        }

        minutes = ((hours * 60) + rest) * (text[at] == '-' ? -1 : 1);
        return true;
    }
}
