using System.Buffers;
using System.Globalization;

namespace OrleansOrchestrator.Formats;

/// <summary>Durations as Go's <c>time.ParseDuration</c> reads them: <c>1m30s</c>, <c>-1.5h</c>, <c>0</c>.</summary>
public static class GoDuration
{
    private static readonly SearchValues<char> Number = SearchValues.Create("0123456789.");

    /// <summary>Reads a duration; what is below 100 ns is lost.</summary>
    /// <param name="text">The text.</param>
    /// <param name="duration">The duration; zero when it cannot be read.</param>
    /// <returns>Null, or why it cannot be read, in Go's words.</returns>
    public static string? Read(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        var isNegative = rest is ['-', ..];
        rest = rest is ['-' or '+', ..] ? rest[1..] : rest;
        if (rest is "0")
        {
            return null;
        }

        var ticks = 0m;
        do
        {
            var digits = rest.IndexOfAnyExcept(Number);
            digits = digits < 0 ? rest.Length : digits;
            if (!decimal.TryParse(
                rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                return Invalid(text);
            }

            rest = rest[digits..];
            var length = rest.IndexOfAny(Number);
            var unit = length < 0 ? rest : rest[..length];
            if (unit.IsEmpty)
            {
                return $"time: missing unit in duration {GoQuotes.Quote(text)}";
            }

            if (TicksOf(unit) is not { } unitTicks)
            {
                return $"time: unknown unit {GoQuotes.Quote(unit.ToString())} in duration {GoQuotes.Quote(text)}";
            }

            // Go counts nanoseconds in 64 bits, a hundredth of what fits here.
            ticks += Math.Min(count, long.MaxValue) * unitTicks;
            if (ticks > long.MaxValue / 100)
            {
                return Invalid(text);
            }

            rest = rest[unit.Length..];
        }
        while (!rest.IsEmpty);
        duration = TimeSpan.FromTicks((long)(isNegative ? -ticks : ticks));
        return null;
    }

    /// <summary>Writes a duration as Go prints it: <c>1m0.5s</c>, <c>250ms</c>, <c>0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var sign = duration < TimeSpan.Zero ? "-" : "";
        var amount = duration.Duration();
        var seconds = (decimal)(amount.Ticks % TimeSpan.TicksPerMinute) / TimeSpan.TicksPerSecond;
        var (hours, minutes) = ((long)amount.TotalHours, amount.Minutes);
        return sign + FormattableString.Invariant(amount switch
        {
            _ when amount == TimeSpan.Zero => (FormattableString)$"0s",
            _ when amount < TimeSpan.FromMilliseconds(1) => $"{seconds * 1_000_000:0.#}µs",
            _ when amount < TimeSpan.FromSeconds(1) => $"{seconds * 1000:0.####}ms",
            _ when hours > 0 => $"{hours}h{minutes}m{seconds:0.#######}s",
            _ when minutes > 0 => $"{minutes}m{seconds:0.#######}s",
            _ => $"{seconds:0.#######}s",
        });
    }

    private static decimal? TicksOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 0.01m,
        "us" or "µs" or "μs" => TimeSpan.TicksPerMicrosecond,
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" => TimeSpan.TicksPerSecond,
        "m" => TimeSpan.TicksPerMinute,
        "h" => TimeSpan.TicksPerHour,
        _ => null,
    };

    private static string Invalid(string text) => $"time: invalid duration {GoQuotes.Quote(text)}";
}
