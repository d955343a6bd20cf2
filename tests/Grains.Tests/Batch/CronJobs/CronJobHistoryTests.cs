using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Batch.CronJobs;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.CronJobs;

/// <summary>
/// Random hours of a CronJob whose Jobs run for a while, looked at again and again, against going through the minutes
/// and asking of each whether a Job begins in it.
/// </summary>
public sealed class CronJobHistoryTests
{
    private const int Minutes = 60;

    private static readonly DateTimeOffset Epoch = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Jobs_begin_when_they_are_due_and_the_policy_lets_them() => Gen.Select(
        Gen.OneOf("Allow", "Forbid", "Replace"), Gen.Int[1, 7], Gen.Int[1, 20], Gen.Int[0, 3]).Check((
            policy, every, duration, kept) =>
    {
        var history = new History(policy, every, duration, kept);
        for (var second = 0; second < Minutes * 60; second += 20)
        {
            history.Look(Epoch.AddSeconds(second));
        }

        Assert.Equal(Expected(policy, every, duration), history.Begun);
        Assert.Equal(Math.Min(kept, history.Ended), history.Jobs.Count(j => j.Status.CompletionTime is not null));
    });

    /// <summary>
    /// Due minutes after the first look; with Forbid those in which none runs: a run that was skipped comes late, as
    /// soon as the one before has ended.
    /// </summary>
    private static IEnumerable<int> Expected(string policy, int every, int duration)
    {
        var (running, skipped) = (-1, -1);
        for (var minute = 1; minute < Minutes; minute++)
        {
            var isDue = minute % every == 0;
            skipped = isDue ? minute : skipped;
            if (policy != "Forbid")
            {
                if (isDue)
                {
                    yield return minute;
                }
            }
            else if (skipped >= 0 && running < minute)
            {
                yield return skipped;
                (running, skipped) = (minute + duration - 1, -1);
            }
        }
    }

    private sealed class History(string policy, int every, int duration, int kept)
    {
        private readonly Dictionary<string, DateTimeOffset> _ends = [];
        private readonly V1CronJob _cron = new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = "cj", NamespaceProperty = "default", Uid = "u", CreationTimestamp = Epoch.UtcDateTime,
            },
            Spec = new V1CronJobSpec
            {
                Schedule = $"*/{every} * * * *",
                ConcurrencyPolicy = policy,
                SuccessfulJobsHistoryLimit = kept,
                JobTemplate = new V1JobTemplateSpec { Spec = new V1JobSpec() },
            },
            Status = new V1CronJobStatus(),
        };

        public List<V1Job> Jobs { get; } = [];

        public List<int> Begun { get; } = [];

        public int Ended { get; private set; }

        public void Look(DateTimeOffset now)
        {
            foreach (var job in Jobs.Where(j => j.Status.CompletionTime is null && _ends[j.Metadata.Name] <= now))
            {
                Ended++;
                job.Status.CompletionTime = now.UtcDateTime;
                job.Status.Conditions = [new V1JobCondition { Type = "Complete", Status = "True" }];
            }

            var plan = CronJobPlanner.Compute(_cron, [.. Jobs], now);
            _cron.Status = plan.Status;
            Assert.Empty(plan.Unexpected);
            Jobs.RemoveAll(plan.Expired.Contains);
            if (plan.Run is { } run)
            {
                Begin(run, now);
            }

            // What ended just now goes with the next look, when it is too much.
            plan = CronJobPlanner.Compute(_cron, [.. Jobs], now);
            Assert.Null(plan.Run);
            Jobs.RemoveAll(plan.Expired.Contains);
        }

        private void Begin(CronJobRun run, DateTimeOffset now)
        {
            foreach (var replaced in run.Replaced)
            {
                Jobs.RemoveAll(j => j.Metadata.Uid == replaced.Uid);
                _cron.Status.Active.Remove(replaced);
            }

            var job = run.Job;
            job.Metadata.Uid = job.Metadata.Name;
            job.Status = new V1JobStatus { StartTime = now.UtcDateTime };
            _ends[job.Metadata.Name] = now.AddMinutes(duration);
            Jobs.Add(job);
            Begun.Add((int)(run.Scheduled - Epoch).TotalMinutes);
            _cron.Status.Active =
            [
                .. _cron.Status.Active ?? [],
                new V1ObjectReference { Name = job.Metadata.Name, Uid = job.Metadata.Uid },
            ];
            _cron.Status.LastScheduleTime = run.Scheduled.UtcDateTime;
        }
    }
}
