using OrleansOrchestrator.Resources.Batch.CronJobs;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary><c>kube_job_*</c> and <c>kube_cronjob_*</c>.</summary>
internal static class BatchStates
{
    private static readonly string[] FailureReasons = ["BackoffLimitExceeded", "DeadlineExceeded", "Evicted"];

    public static StateTable Jobs { get; } = new(WellKnown.Jobs, "job_name", HasUid: false,
    [
        Gauge("kube_job_info", "[STABLE] Information about job.", static (_, to) => to.Add(1)),
        Created("kube_job"),
        Value("kube_job_spec_parallelism",
            "[STABLE] The maximum desired number of pods the job should run at any given time.",
            static j => j["spec"]["parallelism"].Number),
        Value("kube_job_spec_completions",
            "[STABLE] The desired number of successfully finished pods the job should be run with.",
            static j => j["spec"]["completions"].Number),
        Value("kube_job_spec_active_deadline_seconds",
            "[STABLE] The duration in seconds relative to the startTime that the job may be active before the system "
            + "tries to terminate it.", static j => j["spec"]["activeDeadlineSeconds"].Number),
        Value("kube_job_status_succeeded", "[STABLE] The number of pods which reached Phase Succeeded.",
            static j => j["status"]["succeeded"].Number ?? 0),
        Gauge("kube_job_status_failed", "[STABLE] The number of pods which reached Phase Failed and the reason for "
            + "failure.", Failures),
        Value("kube_job_status_active", "[STABLE] The number of actively running pods.",
            static j => j["status"]["active"].Number ?? 0),
        Value("kube_job_status_ready", "The number of ready pods that belong to this Job.",
            static j => j["status"]["ready"].Number ?? 0),
        Condition("kube_job_complete", "[STABLE] The job has completed its execution.", "Complete"),
        Condition("kube_job_failed", "[STABLE] The job has failed its execution.", "Failed"),
        Value("kube_job_status_start_time",
            "[STABLE] StartTime represents time when the job was acknowledged by the Job Manager.",
            static j => j["status"]["startTime"].Time),
        Value("kube_job_status_completion_time",
            "[STABLE] CompletionTime represents time when the job was completed.",
            static j => j["status"]["completionTime"].Time),
        Value("kube_job_status_suspended", "The number of pods which reached Phase Suspended.",
            static j => j["spec"]["suspend"].IsTrue ? 1 : 0),
        Owner("kube_job", "Job"),
    ]);

    public static StateTable CronJobs { get; } = new(WellKnown.CronJobs, "cronjob", HasUid: false,
    [
        Gauge("kube_cronjob_info", "[STABLE] Info about cronjob.", static (item, to) =>
        {
            var spec = item["spec"];
            to.Add(
                1, ("schedule", spec["schedule"]), ("concurrency_policy", spec["concurrencyPolicy"]),
                ("timezone", spec["timeZone"].Exists ? spec["timeZone"] : (LabelValue)"local"));
        }),
        Created("kube_cronjob"),
        Value("kube_cronjob_status_active",
            "[STABLE] Active holds pointers to currently running jobs.", static c => c["status"]["active"].Count),
        Value("kube_cronjob_status_last_schedule_time",
            "[STABLE] LastScheduleTime keeps information of when was the last time the job was successfully "
            + "scheduled.", static c => c["status"]["lastScheduleTime"].Time),
        Value("kube_cronjob_status_last_successful_time",
            "LastSuccessfulTime keeps information of when was the last time the job was completed successfully.",
            static c => c["status"]["lastSuccessfulTime"].Time),
        Value("kube_cronjob_next_schedule_time",
            "[STABLE] Next time the cronjob should be scheduled. The time after lastScheduleTime, or after the cron "
            + "job's creation time if it's never been scheduled. Use this to determine if the job is delayed.", Next),
        Value("kube_cronjob_spec_suspend",
            "[STABLE] Suspend flag tells the controller to suspend subsequent executions.",
            static c => c["spec"]["suspend"].IsTrue ? 1 : 0),
        Value("kube_cronjob_spec_starting_deadline_seconds",
            "[STABLE] Deadline in seconds for starting the job if it misses scheduled time for any reason.",
            static c => c["spec"]["startingDeadlineSeconds"].Number),
        Version("kube_cronjob"),
        Value("kube_cronjob_spec_successful_job_history_limit",
            "Successful job history limit tells the controller how many completed jobs should be preserved.",
            static c => c["spec"]["successfulJobsHistoryLimit"].Number),
        Value("kube_cronjob_spec_failed_job_history_limit",
            "Failed job history limit tells the controller how many failed jobs should be preserved.",
            static c => c["spec"]["failedJobsHistoryLimit"].Number),
    ]);

    // Of a suspended one, and of one whose schedule never comes, there is none.
    private static double? Next(StateField job)
    {
        var (spec, last) = (job["spec"], job["status"]["lastScheduleTime"]);
        var after = (last.Exists ? last : job["metadata"]["creationTimestamp"]).Time;
        var zone = spec["timeZone"].Text;
        if (spec["suspend"].IsTrue || after is null || spec["schedule"].Text is not { } text
            || (zone is not null && CronSchedule.FindErrorInZone(zone) is not null)
            || CronSchedule.Read(zone is null ? text : $"TZ={zone} {text}", out var schedule) is not null)
        {
            return null;
        }

        return schedule!.Next(DateTimeOffset.UnixEpoch.AddSeconds(after.Value))?.ToUnixTimeSeconds();
    }

    private static StateFamily Condition(string name, string help, string type) => Gauge(name, help, (job, to) =>
    {
        foreach (var condition in job["status"]["conditions"].Items)
        {
            if (condition["type"].Is(type))
            {
                to.AddStatus(condition["status"], "condition");
            }
        }
    });

    // Failed pods while it runs; once it has failed, why.
    private static void Failures(StateField job, StateSeries to)
    {
        var status = job["status"];
        var failed = status["conditions"].Items.FirstOrDefault(static c => c["type"].Is("Failed"));
        if (!failed.Exists)
        {
            to.Add(status["failed"].Number ?? 0);
            return;
        }

        foreach (var reason in FailureReasons)
        {
            to.Add(failed["reason"].Is(reason) ? 1 : 0, ("reason", reason));
        }
    }
}
