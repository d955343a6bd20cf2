using System.Globalization;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Ages as kubectl shows them.</summary>
public static class HumanDuration
{
    /// <summary>
    /// How long ago a time was: <c>45s</c>, <c>3m12s</c>, <c>5d</c>; <c>&lt;unknown&gt;</c> for none.
    /// </summary>
    public static string Since(DateTime? time, DateTimeOffset now) =>
        time is { } at ? Format(now.UtcDateTime - at.ToUniversalTime()) : TableColumns.Unknown;

    /// <summary>At most two units, the second only while the first is small.</summary>
    public static string Format(TimeSpan duration)
    {
        // Clocks of machines differ a little: up to two seconds in the future count as now.
        var seconds = (long)duration.TotalSeconds;
        if (seconds < -1)
        {
            return "<invalid>";
        }

        if (seconds < 0)
        {
            return "0s";
        }

        if (seconds < 120)
        {
            return Text(seconds, 's');
        }

        var minutes = seconds / 60;
        if (minutes < 180)
        {
            return Text(minutes, 'm', minutes < 10 ? seconds % 60 : 0, 's');
        }

        var hours = minutes / 60;
        if (hours < 48)
        {
            return Text(hours, 'h', hours < 8 ? minutes % 60 : 0, 'm');
        }

        var days = hours / 24;
        return days switch
        {
            < 8 => Text(days, 'd', hours % 24, 'h'),
            < 365 * 2 => Text(days, 'd'),
            < 365 * 8 => Text(days / 365, 'y', days % 365, 'd'),
            _ => Text(days / 365, 'y'),
        };
    }

    private static string Text(long value, char unit, long rest = 0, char restUnit = ' ') => rest == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{value}{unit}")
        : string.Create(CultureInfo.InvariantCulture, $"{value}{unit}{rest}{restUnit}");
}
