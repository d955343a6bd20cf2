using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Every pod uses the same.</summary>
internal sealed class SteadyUsage(TimeProvider time) : IResourceMetrics
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(15);
    private static readonly ResourceUsage Each = new(50_000_000, 1 << 20);

    public bool IsAvailable => true;

    public PodUsage? Find(ResourceObject pod) => new(time.GetUtcNow(), Window, [new ContainerUsage("main", Each)]);

    public NodeUsage? FindNode(ResourceObject node) => new(time.GetUtcNow(), Window, Each);
}
