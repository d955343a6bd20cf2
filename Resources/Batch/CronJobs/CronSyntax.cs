using System.Globalization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.CronJobs;

/// <summary>
/// The syntax of schedules, and what is wrong with one in the words of the library that upstream reads them with
/// (<c>github.com/robfig/cron/v3</c>): five fields, or a word like <c>@hourly</c> or <c>@every 5m</c>.
/// </summary>
internal static class CronSyntax
{
    private const string Every = "@every ";

    /// <summary>Words that stand for fields.</summary>
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    };

    private static readonly string[] MonthNames =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private static readonly string[] DayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Bounds[] Fields =
    [
        new(0, 59, []), new(0, 23, []), new(1, 31, []), new(1, 12, MonthNames), new(0, 6, DayNames),
    ];

    /// <summary>What is wrong with a schedule; null when nothing is.</summary>
    public static string? FindError(string schedule) => Read(schedule, out _);

    /// <summary>Reads a schedule; returns what is wrong with it, and null when nothing is.</summary>
    public static string? Read(string text, out CronSchedule? schedule)
    {
        var zone = TimeZoneInfo.Utc;
        if (text.StartsWith("TZ=", StringComparison.Ordinal) || text.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            space = space < 0 ? text.Length : space;
            var name = text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..space];
            if (TimeZoneNames.FindError(name) is { } unknown)
            {
                schedule = null;
                return $"provided bad location {name}: {unknown}";
            }

            (zone, text) = (TimeZoneNames.Find(name), text[space..].Trim());
        }

        return text is ['@', ..] ? ReadWord(text, zone, out schedule) : ReadFields(text, zone, out schedule);
    }

    private static string? ReadWord(string word, TimeZoneInfo zone, out CronSchedule? schedule)
    {
        if (Words.TryGetValue(word, out var fields))
        {
            return ReadFields(fields, zone, out schedule);
        }

        schedule = null;
        if (!word.StartsWith(Every, StringComparison.Ordinal))
        {
            return $"unrecognized descriptor: {word}";
        }

        if (GoDuration.Read(word[Every.Length..], out var duration) is { } error)
        {
            return $"failed to parse duration {word}: {error}";
        }

        schedule = new CronSchedule(duration);
        return null;
    }

    private static string? ReadFields(string text, TimeZoneInfo zone, out CronSchedule? schedule)
    {
        schedule = null;
        var texts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (texts.Length != Fields.Length)
        {
            return $"expected exactly {Fields.Length} fields, found {texts.Length}: [{string.Join(' ', texts)}]";
        }

        var fields = new CronField[Fields.Length];
        for (var i = 0; i < fields.Length; i++)
        {
            if (ReadField(texts[i], Fields[i], out fields[i]) is { } error)
            {
                return error;
            }
        }

        schedule = new CronSchedule(zone, fields);
        return null;
    }

    private static string? ReadField(string text, Bounds bounds, out CronField field)
    {
        field = default;
        foreach (var range in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (ReadRange(range, bounds, out var read) is { } error)
            {
                return error;
            }

            field = new CronField(field.Bits | read.Bits, field.IsStar || read.IsStar);
        }

        return null;
    }

    /// <summary>
    /// <c>*</c>, <c>3</c>, <c>3-7</c>, each with a step or not; a single number with a step goes on to the end.
    /// </summary>
    private static string? ReadRange(string text, Bounds bounds, out CronField range)
    {
        range = default;
        var rangeAndStep = text.Split('/');
        var limits = rangeAndStep[0].Split('-');
        var (start, end, step) = (bounds.Min, bounds.Max, 1);
        var isStar = limits[0] is "*" or "?";
        string? error = null;
        if (!isStar)
        {
            error = Read(limits[0], bounds.Names, bounds.Min, out start) ?? limits.Length switch
            {
                1 => null,
                2 => Read(limits[1], bounds.Names, bounds.Min, out end),
                _ => $"too many hyphens: {text}",
            };
            end = limits.Length == 1 && rangeAndStep.Length == 1 ? start : end;
        }

        error ??= rangeAndStep.Length switch
        {
            1 => null,
            2 => Read(rangeAndStep[1], [], 0, out step),
            _ => $"too many slashes: {text}",
        };
        error ??= Check(start, end, step, bounds, text);
        if (error is null)
        {
            range = CronField.Of(start, end, step, isStar && step == 1);
        }

        return error;
    }

    private static string? Check(int start, int end, int step, Bounds bounds, string text) => true switch
    {
        _ when start < bounds.Min => $"beginning of range ({start}) below minimum ({bounds.Min}): {text}",
        _ when end > bounds.Max => $"end of range ({end}) above maximum ({bounds.Max}): {text}",
        _ when start > end => $"beginning of range ({start}) beyond end of range ({end}): {text}",
        _ when step == 0 => $"step of range should be a positive number: {text}",
        _ => null,
    };

    /// <summary>A number, or a name that stands for one.</summary>
    private static string? Read(string text, string[] names, int first, out int number)
    {
        var index = Array.FindIndex(names, n => string.Equals(n, text, StringComparison.OrdinalIgnoreCase));
        if (index >= 0)
        {
            number = first + index;
            return null;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
        {
            var isNumber = text.Length > 0 && text.TrimStart('+', '-').All(char.IsAsciiDigit);
            return $"failed to parse int from {text}: strconv.Atoi: parsing {GoText.Quote(text)}: " +
                (isNumber ? "value out of range" : "invalid syntax");
        }

        return number < 0 ? $"negative number ({number}) not allowed: {text}" : null;
    }

    private readonly record struct Bounds(int Min, int Max, string[] Names);
}
