using System.Diagnostics.Metrics;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>What the controller of Jobs measures of itself, under upstream's names.</summary>
internal static class JobMeter
{
    /// <summary>Pods are claimed or let go; everything else waits for that.</summary>
    public const string Reconciling = "reconciling";

    /// <summary>There are as many pods as there are to be: they are counted.</summary>
    public const string Tracking = "tracking";

    public const string PodsCreated = "pods_created";

    public const string PodsDeleted = "pods_deleted";

    // From 4 ms to 66 s, doubling.
    private static readonly InstrumentAdvice<double> Bounds = Buckets.Growing(0.004, 2, 15);

    private static readonly Meter Meter = new("OrleansOrchestrator.Jobs");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "job_controller_job_sync_duration_seconds", "s", "[STABLE] The time it took to sync a job", advice: Bounds);

    private static readonly Counter<long> Syncs = Meter.CreateCounter<long>(
        "job_controller_job_syncs_total", description: "[STABLE] The number of job syncs");

    private static readonly Counter<long> Finishes = Meter.CreateCounter<long>(
        "job_controller_jobs_finished_total", description: "[STABLE] The number of finished jobs");

    private static readonly Counter<long> FinishedPods = Meter.CreateCounter<long>(
        "job_controller_job_pods_finished_total",
        description: "[STABLE] The number of finished Pods that are fully tracked");

    /// <summary>A step has ended.</summary>
    /// <param name="job">Of which Job.</param>
    /// <param name="action">What it did.</param>
    /// <param name="succeeded">Whether that went well.</param>
    /// <param name="took">How long it took.</param>
    public static void Synced(V1Job job, string action, bool succeeded, TimeSpan took)
    {
        var (first, mode) = (Tag("action", action), Tag("completion_mode", ModeOf(job)));
        var result = Tag("result", succeeded ? "success" : "error");
        Syncs.Add(1, first, mode, result);
        Durations.Record(took.TotalSeconds, first, mode, result);
    }

    public static void Finished(V1Job job, JobEnd end) => Finishes.Add(
        1, Tag("completion_mode", ModeOf(job)), Tag("reason", end.Reason),
        Tag("result", end.IsSuccess ? "succeeded" : "failed"));

    /// <summary>A status was written: the pods by which its numbers have grown have been let go.</summary>
    /// <param name="job">As it was before.</param>
    /// <param name="after">What was written.</param>
    public static void Counted(V1Job job, V1JobStatus after)
    {
        Count(job, "failed", (after.Failed ?? 0) - (job.Status?.Failed ?? 0));
        Count(job, "succeeded", (after.Succeeded ?? 0) - (job.Status?.Succeeded ?? 0));
    }

    private static void Count(V1Job job, string result, int pods)
    {
        if (pods > 0)
        {
            FinishedPods.Add(pods, Tag("completion_mode", ModeOf(job)), Tag("result", result));
        }
    }

    private static string ModeOf(V1Job job) => job.Spec.CompletionMode ?? "NonIndexed";

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
