using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>What wakes a CronJob: itself, and the Jobs that it controls. It adopts none.</summary>
internal static class CronJobWakes
{
    public static readonly WakeRegistration Registration = WakeRegistration.OfOwners<V1CronJob>(
        CronJobReconciler.Controller, WellKnown.CronJobs, "CronJob", [WellKnown.Jobs], static _ => null);
}
