using System.Buffers;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>Durations as texts, in the form of Go: <c>1h2m3.5s</c>.</summary>
public static partial class CelDurations
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

    /// <summary>
    /// Reads what upstream's format <c>duration</c> takes (<c>strfmt.ParseDuration</c>): the form of Go, or whole
    /// numbers with words for units, of which one at least must be known: <c>2 weeks 3 days</c>.
    /// </summary>
    public static bool TryParseFormat(string text, out long nanoseconds)
    {
        if (TryParse(text, out nanoseconds))
        {
            return true;
        }

        var (match, isKnown) = (Words().Match(text), false);
        foreach (var (number, word) in match.Groups[1].Captures.Zip(match.Groups[2].Captures))
        {
            if (!long.TryParse(number.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                return false;
            }

            var size = Word(word.Value.ToLowerInvariant());
            isKnown |= size > 0;
            nanoseconds = unchecked(nanoseconds + (count * size));
        }

        return isKnown;
    }

    /// <summary>Seconds with as many digits as are needed: <c>3723.5s</c>.</summary>
    public static string Format(long nanoseconds) =>
        ((decimal)nanoseconds / Second).ToString("0.#########", CultureInfo.InvariantCulture) + "s";

    /// <summary>A long word may go on: <c>seconds</c>.</summary>
    private static long Word(string word) => word switch
    {
        "ns" or ['n', 'a', 'n', 'o', ..] => 1,
        "us" or "µs" or ['m', 'i', 'c', 'r', 'o', ..] => 1_000,
        "ms" or ['m', 'i', 'l', 'l', 'i', ..] => 1_000_000,
        "s" or ['s', 'e', 'c', ..] => Second,
        "m" or ['m', 'i', 'n', ..] => 60 * Second,
        "h" or "hr" or ['h', 'o', 'u', 'r', ..] => 3600 * Second,
        "d" or ['d', 'a', 'y', ..] => 24 * 3600 * Second,
        "w" or "wk" or ['w', 'e', 'e', 'k', ..] => 7 * 24 * 3600 * Second,
        _ => 0,
    };

    [GeneratedRegex(@"^[\t\n\f\r ]*(?>(?:([0-9]+)[\t\n\f\r ]*([A-Za-zµ]+)[\t\n\f\r ]*)+)\z")]
    private static partial Regex Words();

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
