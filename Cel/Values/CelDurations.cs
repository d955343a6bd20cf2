using System.Buffers;
using System.Globalization;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>Durations as texts, in the form of Go: <c>1h2m3.5s</c>.</summary>
public static class CelDurations
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    internal const long Second = 1_000_000_000;

    public static bool TryParse(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-", StringComparison.Ordinal);
        if (negative || rest.StartsWith("+", StringComparison.Ordinal))
        {
            rest = rest[1..];
        }

        if (rest.SequenceEqual("0"))
        {
            return true;
        }

        decimal sum = 0;
        if (rest.IsEmpty)
        {
            return false;
        }

        while (!rest.IsEmpty)
        {
            var end = rest.IndexOfAnyExcept(Digits);
            if (end <= 0 || end > 25 || !decimal.TryParse(
                rest[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[end..];
            var unitEnd = rest.IndexOfAny(Digits);
            var unit = unitEnd < 0 ? rest : rest[..unitEnd];
            var size = Unit(unit);
            if (size == 0 || number > long.MaxValue)
            {
                return false;
            }

            sum += decimal.Truncate(number * size);
            if (sum > (decimal)long.MaxValue + (negative ? 1 : 0))
            {
                return false;
            }

            rest = rest[unit.Length..];
        }

        nanoseconds = (long)(negative ? -sum : sum);
        return true;
    }

    /// <summary>Seconds with as many digits as are needed: <c>3723.5s</c>.</summary>
    public static string Format(long nanoseconds) =>
        ((decimal)nanoseconds / Second).ToString("0.#########", CultureInfo.InvariantCulture) + "s";

    private static long Unit(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1,
        "us" or "µs" or "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => Second,
        "m" => 60 * Second,
        "h" => 3600 * Second,
        _ => 0,
    };
}
