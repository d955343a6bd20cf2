namespace OrleansOrchestrator.Resources.Batch.CronJobs;

/// <summary>
/// When a CronJob is due. Fields speak of the wall clock of the schedule's time zone: what a change to summer time
/// leaves out is left out, what comes twice counts twice, as with the library that upstream uses
/// (<c>github.com/robfig/cron/v3</c>).
/// </summary>
public sealed class CronSchedule
{
    /// <summary>Years without a match after which a schedule has none (31 February).</summary>
    private const int MaxYears = 5;

    private const int MinutesOfHour = 60;

    private readonly TimeZoneInfo _zone;
    private readonly TimeSpan? _every;
    private readonly CronField[] _fields = [];

    /// <summary>By the clock: minute, hour, day of month, month, day of week.</summary>
    internal CronSchedule(TimeZoneInfo zone, CronField[] fields) => (_zone, _fields) = (zone, fields);

    /// <summary>Again and again after a while, of whole seconds and at least one.</summary>
    internal CronSchedule(TimeSpan every)
    {
        var seconds = Math.Max(1, Math.Floor(every.TotalSeconds));
        (_zone, _every) = (TimeZoneInfo.Utc, TimeSpan.FromSeconds(seconds));
    }

    /// <summary>Reads a schedule, in UTC unless it begins with <c>TZ=ZONE</c>; returns what is wrong with it.</summary>
    public static string? Read(string text, out CronSchedule? schedule) => CronSyntax.Read(text, out schedule);

    /// <summary>Why there is no such time zone; null when there is one.</summary>
    public static string? FindErrorInZone(string zone) => TimeZoneNames.FindError(zone);

    /// <summary>The same moment by the clock of a zone that there is.</summary>
    public static DateTimeOffset InZone(DateTimeOffset time, string zone) =>
        TimeZoneInfo.ConvertTime(time, TimeZoneNames.Find(zone));

    /// <summary>The first time after another; null when there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var second = after.AddTicks(-(after.Ticks % TimeSpan.TicksPerSecond));
        if (_every is { } every)
        {
            return second + every;
        }

        var time = second.AddSeconds(MinutesOfHour - second.Second);
        var lastYear = Local(time).Year + MaxYears;
        while (true)
        {
            var local = Local(time);
            if (local.Year > lastYear)
            {
                return null;
            }

            if (!Month.Has(local.Month))
            {
                time = StartOf(new DateTime(local.Year, local.Month, 1).AddMonths(1));
            }
            else if (!IsDay(local))
            {
                time = StartOf(local.Date.AddDays(1));
            }
            else if (!Hour.Has(local.Hour))
            {
                time = time.AddMinutes(MinutesOfHour - local.Minute);
            }
            else if (!Minute.Has(local.Minute))
            {
                time = time.AddMinutes(1);
            }
            else
            {
                return local;
            }
        }
    }

    private CronField Minute => _fields[0];

    private CronField Hour => _fields[1];

    private CronField Day => _fields[2];

    private CronField Month => _fields[3];

    private CronField WeekDay => _fields[4];

    /// <summary>Days of the month and of the week narrow each other only when one of them is a star.</summary>
    private bool IsDay(DateTimeOffset local)
    {
        var (day, weekDay) = (Day.Has(local.Day), WeekDay.Has((int)local.DayOfWeek));
        return Day.IsStar || WeekDay.IsStar ? day && weekDay : day || weekDay;
    }

    private DateTimeOffset Local(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, _zone);

    /// <summary>The first moment of a day, which does not everywhere begin at midnight.</summary>
    private DateTimeOffset StartOf(DateTime day)
    {
        while (_zone.IsInvalidTime(day))
        {
            day = day.AddMinutes(1);
        }

        var offset = _zone.IsAmbiguousTime(day) ? _zone.GetAmbiguousTimeOffsets(day).Max() : _zone.GetUtcOffset(day);
        return new DateTimeOffset(day, offset);
    }
}
