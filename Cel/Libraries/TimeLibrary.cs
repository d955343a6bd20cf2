using System.Globalization;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>
/// Timestamps and durations, and their parts: in a time zone that is named, else in UTC, whatever zone the timestamp
/// was written in.
/// </summary>
internal static class TimeLibrary
{
    public static CelLibrary Library { get; } = new()
    {
        Functions =
        [
            CelFunction.Of("duration",
                ("duration_to_duration", "(duration) duration", static a => a[0]),
                ("int64_to_duration", "(int) duration", static a => CelValue.OfDuration(a[0].AsInt)),
                ("string_to_duration", "(string) duration", static a =>
                    CelDurations.TryParse(a[0].AsString, out var nanoseconds)
                        ? CelValue.OfDuration(nanoseconds)
                        : StandardLibrary.Unconvertible("string", CelType.Duration.Name))),
            CelFunction.Of("timestamp",
                ("timestamp_to_timestamp", "(timestamp) timestamp", static a => a[0]),
                ("int64_to_timestamp", "(int) timestamp", static a => CelTimestamp.InRange(a[0].AsInt)
                    ? CelValue.Of(new CelTimestamp(a[0].AsInt, 0))
                    : CelError.TimestampOverflow),
                ("string_to_timestamp", "(string) timestamp", static a =>
                    CelTimestamp.TryParse(a[0].AsString, out var moment)
                        ? CelValue.Of(moment)
                        : StandardLibrary.Unconvertible("string", CelType.Timestamp.Name))),
            Part("getFullYear", "year", static (t, _) => t.Year),
            Part("getMonth", "month", static (t, _) => t.Month - 1),
            Part("getDayOfYear", "day_of_year", static (t, _) => t.DayOfYear - 1),
            Part("getDayOfMonth", "day_of_month", static (t, _) => t.Day - 1),
            Part("getDate", "day_of_month_1_based", static (t, _) => t.Day),
            Part("getDayOfWeek", "day_of_week", static (t, _) => (int)t.DayOfWeek),
            Part("getHours", "hours", static (t, _) => t.Hour, 3600 * CelDurations.Second),
            Part("getMinutes", "minutes", static (t, _) => t.Minute, 60 * CelDurations.Second),
            Part("getSeconds", "seconds", static (t, _) => t.Second, CelDurations.Second),
            Part("getMilliseconds", "milliseconds", static (_, nanos) => nanos / 1_000_000, 1_000_000),
        ],
    };

    /// <summary>A part of a moment; of a duration too when its unit is given, in nanoseconds.</summary>
    private static CelFunction Part(string name, string id, Func<DateTime, int, long> part, long unit = 0)
    {
        var overloads = new List<(string, string, CelFunctionBody)>
        {
            ($"timestamp_to_{id}", "timestamp.() int", a => CelValue.Of(
                part(a[0].AsTimestamp.ToDateTime(), a[0].AsTimestamp.Nanoseconds))),
            ($"timestamp_to_{id}_with_tz", "timestamp.(string) int", a =>
                InZone(a[0].AsTimestamp, a[1].AsString, part)),
        };
        if (unit > 0)
        {
            // All of a duration in that unit, milliseconds too: there upstream does otherwise than the language says.
            overloads.Add(($"duration_to_{id}", "duration.() int", a => CelValue.Of(a[0].AsNanoseconds / unit)));
        }

        return CelFunction.Of(name, [.. overloads]);
    }

    private static CelValue InZone(CelTimestamp moment, string zone, Func<DateTime, int, long> part)
    {
        if (Offset(zone, moment.ToDateTime()) is not { } offset)
        {
            return CelValue.OfError($"unknown time zone {zone}");
        }

        return moment.TryAdd(offset.Ticks * 100, out var local)
            ? CelValue.Of(part(local.ToDateTime(), local.Nanoseconds))
            : CelError.TimestampOverflow;
    }

    private static TimeSpan? Offset(string zone, DateTime moment)
    {
        if (zone.Contains(':', StringComparison.Ordinal))
        {
            var parts = zone.TrimStart('+', '-').Split(':');
            return parts.Length == 2
                && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
                && hours < 24 && minutes < 60
                ? (zone.StartsWith('-') ? -1 : 1) * new TimeSpan(hours, minutes, 0)
                : null;
        }

        if (zone is "" or "UTC")
        {
            return TimeSpan.Zero;
        }

        return TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found)
            ? found.GetUtcOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc))
            : null;
    }
}
