using System.Diagnostics.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>What the controller of CronJobs measures of itself, under upstream's name.</summary>
internal static class CronJobMeter
{
    // From a second to 512, doubling.
    private static readonly InstrumentAdvice<double> Bounds = Buckets.Growing(1, 2, 10);

    private static readonly Meter Meter = new("OrleansOrchestrator.CronJobs");

    private static readonly Histogram<double> Skews = Meter.CreateHistogram(
        "cronjob_controller_job_creation_skew_duration_seconds", "s",
        "[STABLE] Time between when a cronjob is scheduled to be run, and when the corresponding job is created",
        advice: Bounds);

    /// <summary>The Job of a run was made, so long after it was due.</summary>
    public static void Started(TimeSpan skew) => Skews.Record(skew.TotalSeconds);
}
