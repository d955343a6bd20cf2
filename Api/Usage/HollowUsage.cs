using k8s.Models;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// What pods on hollow nodes are said to use, each container of them: what the pod's annotations say, else half of
/// what it asks for.
/// </summary>
internal static class HollowUsage
{
    private const string Annotation = "hollow-node/usage-";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(15);
    private static readonly ResourceUsage Idle = new(1_000_000, 4 * 1024 * 1024);

    /// <summary>Null for a pod that does not run.</summary>
    public static PodUsage? Of(V1Pod pod, DateTimeOffset now) => pod.Status?.Phase != "Running" ? null : new PodUsage(
        now,
        Window,
        [
            .. pod.Spec.Containers.OrderBy(static c => c.Name, StringComparer.Ordinal)
                .Select(c => new ContainerUsage(c.Name, UsageOf(pod, c))),
        ]);

    /// <summary>A node that runs nothing real.</summary>
    public static NodeUsage OfNode(DateTimeOffset now) => new(now, Window, Idle);

    private static ResourceUsage UsageOf(V1Pod pod, V1Container container) => new(
        Amount(pod, container, "cpu") is { } cpu ? cpu.MilliValue * 1_000_000 : Idle.CpuNanocores,
        Amount(pod, container, "memory") is { } memory ? memory.Value : Idle.MemoryBytes);

    private static Quantity? Amount(V1Pod pod, V1Container container, string resource)
    {
        if (pod.Metadata.Annotations?.TryGetValue(Annotation + resource, out var said) == true
            && Quantity.TryParse(said, out var amount))
        {
            return amount;
        }

        var asked = container.Resources?.Requests?.TryGetValue(resource, out var request) == true ? request : null;
        return asked is null ? null : Quantity.Parse($"{Quantity.Of(asked).MilliValue / 2}m");
    }
}
