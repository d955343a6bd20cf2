using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>Pods with scheduling gates wait until the last gate is removed.</summary>
public sealed class SchedulingGatesPlugin : IPreEnqueuePlugin
{
    public string Name => "SchedulingGates";

    public bool Allows(PodInfo pod) => !pod.IsGated;
}
