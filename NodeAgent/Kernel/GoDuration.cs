using System.Buffers;
using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// Durations the way Go prints them, because people and programs read them in messages: 1m20s, 345ms.
/// </summary>
public static class GoDuration
{
    private static readonly SearchValues<char> Number = SearchValues.Create("0123456789.");

    private static readonly Dictionary<string, long> UnitTicks = new(StringComparer.Ordinal)
    {
        ["ms"] = TimeSpan.TicksPerMillisecond,
        ["s"] = TimeSpan.TicksPerSecond,
        ["m"] = TimeSpan.TicksPerMinute,
        ["h"] = TimeSpan.TicksPerHour,
    };

    /// <summary>
    /// Reads what Go's ParseDuration reads, except fractions below a millisecond; null for anything else.
    /// </summary>
    public static TimeSpan? Parse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        var sum = 0m;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Number);
            var unitLength = digits <= 0 ? 0 : rest[digits..].IndexOfAny(Number);
            unitLength = unitLength < 0 ? rest.Length - digits : unitLength;
            if (digits <= 0 || !UnitTicks.TryGetValue(rest.Slice(digits, unitLength).ToString(), out var unit)
                || !decimal.TryParse(
                    rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                return null;
            }

            sum += Math.Min(count, long.MaxValue / unit) * unit;
            rest = rest[(digits + unitLength)..];
        }

        return text.Length == 0 || sum > TimeSpan.MaxValue.Ticks ? null : TimeSpan.FromTicks((long)sum);
    }

    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1))
        {
            var milliseconds = Math.Round(duration.TotalMilliseconds, 6);
            return milliseconds == 0 ? "0s" : milliseconds.ToString("0.######", CultureInfo.InvariantCulture) + "ms";
        }

        var text = new StringBuilder();
        if (duration >= TimeSpan.FromHours(1))
        {
            text.Append(CultureInfo.InvariantCulture, $"{(long)duration.TotalHours}h");
        }

        if (duration >= TimeSpan.FromMinutes(1))
        {
            text.Append(CultureInfo.InvariantCulture, $"{duration.Minutes}m");
        }

        var seconds = (duration.Ticks % TimeSpan.TicksPerMinute) / (decimal)TimeSpan.TicksPerSecond;
        return text.Append(seconds.ToString("0.#######", CultureInfo.InvariantCulture)).Append('s').ToString();
    }
}
