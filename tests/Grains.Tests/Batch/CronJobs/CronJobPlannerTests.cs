using k8s.Models;
using OrleansOrchestrator.Grains.Batch.CronJobs;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.CronJobs;

public sealed class CronJobPlannerTests
{
    private const string Forbidden =
        "Not starting job because prior execution is running and concurrency policy is Forbid";

    private const string FourFields = "expected exactly 5 fields, found 4: [* * * *]";
    private const string NoDistance = "time difference between two schedules is less than 1 second";
    private const string NoZone = "unknown time zone No/Where";

    private static readonly DateTimeOffset Now = new(2026, 3, 2, 10, 0, 30, TimeSpan.Zero);

    [Theory]
    [InlineData("Allow", 0, true, "")]
    [InlineData("Allow", 1, true, "")]
    [InlineData("Forbid", 0, true, "")]
    [InlineData("Forbid", 1, false, Forbidden)]
    [InlineData("Replace", 1, true, "")]
    public void Obeys_the_concurrency_policy(string policy, int active, bool runs, string message)
    {
        var cron = Cron(s => s.ConcurrencyPolicy = policy);
        var jobs = Enumerable.Range(0, active).Select(i => Job($"old{i}")).ToList();
        cron.Status.Active = References(jobs);
        var plan = CronJobPlanner.Compute(cron, jobs, Now);
        Assert.Equal(runs ? "cj-29540760" : null, plan.Run?.Job.Metadata.Name);
        Assert.Equal(policy == "Replace" ? active : 0, plan.Run?.Replaced.Count ?? 0);
        Assert.Equal(message, string.Concat(plan.Events.Select(e => e.Message)));
        Assert.Equal(TimeSpan.FromMinutes(59.5) + TimeSpan.FromMilliseconds(100), plan.After);
    }

    [Theory]
    [InlineData(null, "2026-03-02T10:00:00Z")]
    [InlineData("Asia/Tokyo", "2026-03-02T19:00:00+09:00")]
    [InlineData("Etc/UTC", "2026-03-02T10:00:00Z")]
    public void Says_on_the_job_when_it_was_due(string? zone, string expected)
    {
        var metadata = CronJobPlanner.Compute(Cron(s => s.TimeZone = zone), [], Now).Run!.Job.Metadata;
        Assert.Equal(expected, metadata.Annotations[CronJobPlanner.ScheduledTimestamp]);
        Assert.Equal(("1", "2"), (metadata.Annotations["a"], metadata.Labels["l"]));
        var owner = Assert.Single(metadata.OwnerReferences);
        Assert.Equal(("CronJob", "cj", true), (owner.Kind, owner.Name, owner.BlockOwnerDeletion));
    }

    [Theory]
    [InlineData("* * * *", null, "UnparseableSchedule", $"unparseable schedule: \"* * * *\" : {FourFields}")]
    [InlineData("0 * * * *", "No/Where", "UnknownTimeZone", $"invalid timeZone: \"No/Where\": {NoZone}")]
    [InlineData("0 0 31 2 *", null, "InvalidSchedule", $"invalid schedule: 0 0 31 2 * : {NoDistance}")]
    public void Tells_why_it_cannot_run(string schedule, string? zone, string reason, string message)
    {
        var plan = CronJobPlanner.Compute(Cron(s => (s.Schedule, s.TimeZone) = (schedule, zone)), [], Now);
        var note = Assert.Single(plan.Events);
        Assert.Equal(("Warning", reason, message), (note.Type, note.Reason, note.Message));
        Assert.Equal((null, null), (plan.Run, plan.After));
    }

    [Fact]
    public void Tells_of_many_missed_runs_and_starts_the_last()
    {
        var cron = Cron(s => s.Schedule = "* * * * *");
        cron.Status.LastScheduleTime = Now.AddDays(-3).UtcDateTime;
        var plan = CronJobPlanner.Compute(cron, [], Now);
        Assert.Equal("TooManyMissedTimes", Assert.Single(plan.Events).Reason);
        Assert.Equal("cj-29540760", plan.Run!.Job.Metadata.Name);
    }

    [Fact]
    public void Neither_suspended_nor_deleted_ones_run()
    {
        Assert.Null(CronJobPlanner.Compute(Cron(s => s.Suspend = true), [], Now).Run);
        var deleted = Cron(_ => { });
        deleted.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Null(CronJobPlanner.Compute(deleted, [], Now).Run);
    }

    [Fact]
    public void Keeps_books_of_its_jobs()
    {
        var cron = Cron(s => s.Suspend = true);
        var (ended, missing) = (Job("ended", "Complete", minutes: 1), Job("missing"));
        cron.Status.Active = References([ended, missing]);
        var plan = CronJobPlanner.Compute(cron, [ended, Job("stranger")], Now);
        Assert.Null(plan.Status.Active);
        Assert.Equal(ended.Status.CompletionTime, plan.Status.LastSuccessfulTime);
        Assert.Equal(
            [
                ("SawCompletedJob", "Saw completed job: ended, condition: Complete"),
                ("MissingJob", "Active job went missing: missing"),
            ],
            plan.Events.Select(e => (e.Reason, e.Message)));
        Assert.Equal("stranger", Assert.Single(plan.Unexpected).Metadata.Name);
    }

    [Fact]
    public void Tells_of_an_ended_job_that_it_forgets_at_once()
    {
        var cron = Cron(s => (s.SuccessfulJobsHistoryLimit, s.Suspend) = (0, true));
        var ended = Job("ended", "Complete", minutes: 1);
        cron.Status.Active = References([ended]);
        var plan = CronJobPlanner.Compute(cron, [ended], Now);
        Assert.Equal("SawCompletedJob", Assert.Single(plan.Events).Reason);
        Assert.Null(plan.Status.Active);
        Assert.Same(ended, Assert.Single(plan.Expired));
    }

    [Theory]
    [InlineData(3, 1, "f1")]
    [InlineData(1, 1, "s1,s2,f1")]
    [InlineData(0, 0, "s1,s2,s3,f1,f2")]
    [InlineData(null, null, "")]
    public void Forgets_the_oldest(int? successful, int? failed, string expired)
    {
        var cron = Cron(s =>
            (s.SuccessfulJobsHistoryLimit, s.FailedJobsHistoryLimit, s.Suspend) = (successful, failed, true));
        V1Job[] jobs =
        [
            Job("s3", "Complete", 3), Job("s1", "Complete", 1), Job("s2", "Complete", 2), Job("f2", "Failed", 5),
            Job("f1", "Failed", 4), Job("running"),
        ];
        Assert.Equal(
            expired, string.Join(',', CronJobPlanner.Compute(cron, jobs, Now).Expired.Select(j => j.Metadata.Name)));
    }

    private static List<V1ObjectReference> References(IEnumerable<V1Job> jobs) =>
        [.. jobs.Select(j => new V1ObjectReference { Name = j.Metadata.Name, Uid = j.Metadata.Uid })];

    private static V1CronJob Cron(Action<V1CronJobSpec> change)
    {
        var spec = new V1CronJobSpec
        {
            Schedule = "0 * * * *",
            JobTemplate = new V1JobTemplateSpec
            {
                Metadata = new V1ObjectMeta
                {
                    Labels = new Dictionary<string, string> { ["l"] = "2" },
                    Annotations = new Dictionary<string, string> { ["a"] = "1" },
                },
                Spec = new V1JobSpec(),
            },
        };
        change(spec);
        return new V1CronJob
        {
            Metadata = new V1ObjectMeta { Name = "cj", NamespaceProperty = "default", Uid = "u" },
            Spec = spec,
            Status = new V1CronJobStatus { LastScheduleTime = Now.AddHours(-1).UtcDateTime },
        };
    }

    private static V1Job Job(string name, string? end = null, int minutes = 0)
    {
        var time = Now.AddDays(-1).AddMinutes(minutes).UtcDateTime;
        return new V1Job
        {
            Metadata = new V1ObjectMeta { Name = name, Uid = $"uid-{name}" },
            Status = end is null ? new V1JobStatus() : new V1JobStatus
            {
                StartTime = time,
                CompletionTime = end == "Complete" ? time : null,
                Conditions = [new V1JobCondition { Type = end, Status = "True" }],
            },
        };
    }
}
