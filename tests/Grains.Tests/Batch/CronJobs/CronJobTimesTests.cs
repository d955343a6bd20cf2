using System.Globalization;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Batch.CronJobs;
using OrleansOrchestrator.Resources.Batch.CronJobs;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.CronJobs;

public sealed class CronJobTimesTests
{
    /// <summary>How many of the schedules have equal distances.</summary>
    private const int Regular = 2;

    private static readonly string[] Schedules = ["*/5 * * * *", "15 3 * * *", "30 6-16/4 * * 1-5", "0 0 1,20 * *"];

    [Theory]
    [InlineData("0 * * * *", "10:15", "10:59", null, null, 0)]
    [InlineData("0 * * * *", "10:15", "11:00", null, "11:00", 0)]
    [InlineData("0 * * * *", "10:00", "13:30", null, "13:00", 3)]
    [InlineData("0 * * * *", "10:00", "13:30", 600L, null, 0)]
    [InlineData("0 * * * *", "10:00", "13:05", 600L, "13:00", 0)]
    [InlineData("* * * * *", "10:00", "13:30", null, "13:30", 210)]
    [InlineData("* * * * *", "10:00", "13:30", 9_000_000_000_000_000L, "13:30", 210)]
    [InlineData("@every 45m", "10:10", "13:30", null, "13:10", 4)]
    public void Finds_the_run_that_is_due(
        string schedule, string last, string now, long? deadline, string? due, int missed)
    {
        var times = CronJobTimes.Of(Job(last, deadline), Schedule(schedule), At(now), withDeadline: true);
        Assert.Equal((due is null ? null : At(due), missed), (times.Latest, (int)times.Missed));
    }

    [Theory]
    [InlineData("0 * * * *", "10:00", "10:20", 40 * 60)]
    [InlineData("0 * * * *", "10:00", "13:30", 30 * 60)]
    [InlineData("@every 45m", "10:10", "10:20", 35 * 60)]
    public void Sleeps_until_the_next_run_and_a_little_longer(string schedule, string last, string now, int seconds) =>
        Assert.Equal(
            TimeSpan.FromMilliseconds((seconds * 1_000) + 100),
            CronJobTimes.UntilNext(Job(last), Schedule(schedule), At(now)));

    [Fact]
    public void A_day_that_never_comes_is_an_error() => Assert.Equal(
        "time difference between two schedules is less than 1 second",
        CronJobTimes.Of(Job("10:00"), Schedule("59 23 31 2 *"), At("10:01"), withDeadline: true).Error);

    /// <summary>
    /// The jump over many missed runs finds the same one as counting; or, as upstream, none, when the distance of the
    /// first two says little about the others.
    /// </summary>
    [Fact]
    public void Is_the_last_run_that_counting_finds() => Gen.Select(
        Gen.Int[0, Schedules.Length - 1], Gen.Int[0, 200_000]).Check(
        (schedule, minutes) =>
        {
            var cron = Schedule(Schedules[schedule]);
            var (now, last) = (At("10:00").AddMinutes(minutes), (DateTimeOffset?)null);
            for (var time = cron.Next(At("10:00")); time <= now; time = cron.Next(time.Value))
            {
                last = time;
            }

            var found = CronJobTimes.Of(Job("10:00"), cron, now, withDeadline: false).Latest;
            return found == last || (found is null && schedule >= Regular);
        },
        cases: 200);

    private static V1CronJob Job(string last, long? deadline = null) => new()
    {
        Metadata = new V1ObjectMeta { CreationTimestamp = At("00:00").UtcDateTime },
        Spec = new V1CronJobSpec { StartingDeadlineSeconds = deadline },
        Status = new V1CronJobStatus { LastScheduleTime = At(last).UtcDateTime },
    };

    private static CronSchedule Schedule(string text)
    {
        Assert.Null(CronSchedule.Read(text, out var schedule));
        return schedule!;
    }

    private static DateTimeOffset At(string time) =>
        DateTimeOffset.Parse($"2026-03-02T{time}:00Z", CultureInfo.InvariantCulture);
}
