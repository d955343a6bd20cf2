using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What wakes an autoscaler: itself, and then the clock.</summary>
internal static class HorizontalPodAutoscalerWakes
{
    public static readonly WakeRegistration Registration = new(
        HorizontalPodAutoscalerReconciler.Controller,
        WellKnown.HorizontalPodAutoscalers,
        static () =>
        [
            new Followed(WellKnown.HorizontalPodAutoscalers, static (change, keys) => keys.Add(change.Object.Key)),
        ]);
}
