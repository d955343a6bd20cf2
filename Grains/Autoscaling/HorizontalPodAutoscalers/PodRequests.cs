using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What a resource metric is about.</summary>
/// <param name="Resource"><c>cpu</c> or <c>memory</c>; empty for a figure that is none of a resource.</param>
/// <param name="Container">The only container that counts; empty for all.</param>
/// <param name="Amount">A percentage, or thousandths.</param>
internal readonly record struct ResourceTarget(string Resource, string Container, long Amount);

/// <summary>What pods ask for, in thousandths.</summary>
/// <param name="ByPod">By name.</param>
/// <param name="Failure">Which container asks for nothing; null when all do.</param>
internal sealed record PodRequests(IReadOnlyDictionary<string, long> ByPod, string? Failure)
{
    public static PodRequests Of(IReadOnlyList<V1Pod> pods, ResourceTarget target)
    {
        var result = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            var (sum, failure) = OfPod(pod, target);
            if (failure is not null)
            {
                return new PodRequests(result, failure);
            }

            result[pod.Metadata.Name] = sum;
        }

        return new PodRequests(result, null);
    }

    private static (long Sum, string? Failure) OfPod(V1Pod pod, ResourceTarget target)
    {
        if (target.Container.Length == 0 && pod.Spec.Resources?.Requests is { Count: > 0 })
        {
            return PodResources.TotalRequests(pod.Spec).TryGetValue(target.Resource, out var whole)
                ? (whole.MilliValue, null)
                : (0, $"missing pod-level request for {target.Resource} in Pod {pod.Metadata.Name}");
        }

        var sidecars = (pod.Spec.InitContainers ?? []).Where(static c => PodResources.IsSidecar(c));
        var counted = pod.Spec.Containers.Concat(sidecars)
            .Where(c => target.Container.Length == 0 || target.Container == c.Name).ToList();
        if (counted.Count == 0)
        {
            return (0, $"container {target.Container} not found in Pod {pod.Metadata.Name}");
        }

        var sum = 0L;
        foreach (var container in counted)
        {
            if (container.Resources?.Requests?.TryGetValue(target.Resource, out var amount) != true)
            {
                return (0, $"missing request for {target.Resource} in container {container.Name} of Pod "
                    + pod.Metadata.Name);
            }

            sum += Quantity.Of(amount).MilliValue;
        }

        return (sum, null);
    }
}
