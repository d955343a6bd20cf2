using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>What wakes a Job: itself, and the pods that it controls or could adopt.</summary>
internal static class JobWakes
{
    public static readonly WakeRegistration Registration = WakeRegistration.OfOwners<V1Job>(
        JobReconciler.Controller, WellKnown.Jobs, "Job", [WellKnown.Pods], static j => j.Spec.Selector);
}
