using System.Globalization;
using CsCheck;
using OrleansOrchestrator.Resources.Batch.CronJobs;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Batch.CronJobs;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z")]
    [InlineData("* * * * *", "2026-03-01T10:00:59.5Z", "2026-03-01T10:01:00Z")]
    [InlineData("0 0 1 1 *", "2026-03-01T10:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("30 6-16/4 * * 1-5", "2026-03-06T14:30:00Z", "2026-03-09T06:30:00Z")]
    [InlineData("0 12 29 2 *", "2026-03-01T10:00:00Z", "2028-02-29T12:00:00Z")]
    [InlineData("@hourly", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z")]
    [InlineData("@daily", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("@weekly", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z")]
    [InlineData("@monthly", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")]
    [InlineData("@yearly", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("@every 90s", "2026-03-01T10:00:00.7Z", "2026-03-01T10:01:30Z")]
    [InlineData("@every 10ms", "2026-03-01T10:00:00Z", "2026-03-01T10:00:01Z")]
    [InlineData("59 23 31 2 *", "2026-03-01T10:00:00Z", null)]
    public void Next_in_universal_time(string schedule, string after, string? expected) =>
        Assert.Equal(expected is null ? null : Time(expected), Of(schedule).Next(Time(after)));

    /// <summary>One star: both must match. No star: one is enough.</summary>
    [Theory]
    [InlineData("0 0 13 * *", "2026-02-14T00:00:00Z", "2026-03-13T00:00:00Z")]
    [InlineData("0 0 * * 5", "2026-02-14T00:00:00Z", "2026-02-20T00:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-02-14T00:00:00Z", "2026-02-20T00:00:00Z")]
    [InlineData("0 0 */31 * 5", "2026-02-14T00:00:00Z", "2026-02-20T00:00:00Z")]
    [InlineData("0 0 */1 * 5", "2026-02-14T00:00:00Z", "2026-02-20T00:00:00Z")]
    public void Days_of_month_and_week(string schedule, string after, string expected) =>
        Next_in_universal_time(schedule, after, expected);

    [Theory]
    [InlineData("TZ=Asia/Tokyo 0 0 1 1 *", "2026-03-01T10:00:00Z", "2026-12-31T15:00:00Z")]
    [InlineData("TZ=Europe/Berlin 30 2 * * *", "2026-03-28T10:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("TZ=Europe/Berlin 30 2 * * *", "2026-10-24T10:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("TZ=Europe/Berlin 30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("TZ=Europe/Berlin 30 2 * * *", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("CRON_TZ=America/New_York 0 9 * * 1", "2026-03-01T10:00:00Z", "2026-03-02T14:00:00Z")]
    public void Next_in_time_zones(string schedule, string after, string expected) =>
        Next_in_universal_time(schedule, after, expected);

    /// <summary>Against a model that looks at every minute.</summary>
    [Fact]
    public void Is_the_first_minute_whose_clock_matches() => Gen.Select(
        Gen.Int[0, 59], Gen.Int[0, 23], Gen.Int[1, 31], Gen.Int[0, 6], Gen.Int[0, 7], Gen.Int[0, 300_000]).Check(
        (minute, hour, day, weekDay, stars, start) =>
        {
            string Field(int bit, int value) => (stars & bit) != 0 ? "*" : $"{value}";
            var schedule = Of($"TZ=Europe/Berlin {minute} {Field(1, hour)} {Field(2, day)} * {Field(4, weekDay)}");
            var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
            var after = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(start);
            bool Matches(DateTimeOffset time)
            {
                var local = TimeZoneInfo.ConvertTime(time, zone);
                var (isDay, isWeekDay) = (local.Day == day, (int)local.DayOfWeek == weekDay);
                return local.Minute == minute && ((stars & 1) != 0 || local.Hour == hour) && (stars & 6) switch
                {
                    0 => isDay || isWeekDay,
                    2 => isWeekDay,
                    4 => isDay,
                    _ => true,
                };
            }

            var model = after.AddMinutes(1);
            while (!Matches(model))
            {
                model = model.AddMinutes(1);
            }

            return schedule.Next(after) == model;
        },
        cases: 100);

    private static CronSchedule Of(string text)
    {
        Assert.Null(CronSchedule.Read(text, out var schedule));
        return schedule!;
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
