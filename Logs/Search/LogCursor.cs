using System.Globalization;

namespace OrleansOrchestrator.Logs.Search;

/// <summary>The place of a line among all lines: they are in the order of time, stream and number.</summary>
/// <param name="Time">Nanoseconds since 1970.</param>
/// <param name="Stream">The stream's number.</param>
/// <param name="Sequence">The line's number in it.</param>
public readonly record struct LogCursor(long Time, long Stream, long Sequence) : IComparable<LogCursor>
{
    /// <summary>Before every line of that time.</summary>
    public static LogCursor Before(long time) => new(time, long.MinValue, long.MinValue);

    /// <summary>After every line of that time.</summary>
    public static LogCursor After(long time) => new(time, long.MaxValue, long.MaxValue);

    public int CompareTo(LogCursor other) =>
        Time != other.Time ? Time.CompareTo(other.Time)
        : Stream != other.Stream ? Stream.CompareTo(other.Stream)
        : Sequence.CompareTo(other.Sequence);

    public static bool operator <(LogCursor left, LogCursor right) => left.CompareTo(right) < 0;

    public static bool operator >(LogCursor left, LogCursor right) => left.CompareTo(right) > 0;

    public static bool operator <=(LogCursor left, LogCursor right) => left.CompareTo(right) <= 0;

    public static bool operator >=(LogCursor left, LogCursor right) => left.CompareTo(right) >= 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time}.{Stream}.{Sequence}");

    public static bool TryParse(string text, out LogCursor cursor)
    {
        cursor = default;
        if (text.Split('.') is not [var time, var stream, var sequence]
            || !TryNumber(time, out var first) || !TryNumber(stream, out var second)
                || !TryNumber(sequence, out var third))
        {
            return false;
        }

        cursor = new LogCursor(first, second, third);
        return true;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
