using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// What keeps a pod running: what controls it, and what controls that where it is a link only. A Deployment rather than
/// its ReplicaSet, a CronJob rather than its Job.
/// </summary>
/// <param name="Kind">For example <c>Deployment</c>.</param>
/// <param name="Name">In the pod's namespace.</param>
public sealed record WorkloadOf(string Kind, string Name)
{
    /// <summary>The kinds that may be links.</summary>
    public static IReadOnlyDictionary<string, ResourceName> Links { get; } =
        new Dictionary<string, ResourceName>(StringComparer.Ordinal)
        {
            ["ReplicaSet"] = WellKnown.ReplicaSets, ["Job"] = WellKnown.Jobs,
        };

    /// <summary>Null for a pod that nothing controls.</summary>
    public static async ValueTask<WorkloadOf?> FindAsync(
        ResourceObject pod, Func<ResourceName, ObjectKey, ValueTask<ResourceObject?>> find)
    {
        if (pod.Metadata.Controller is not { } owner)
        {
            return null;
        }

        if (Links.TryGetValue(owner.Kind, out var resource)
            && await find(resource, new ObjectKey(pod.Key.Namespace, owner.Name)) is { } link)
        {
            owner = link.Metadata.Controller ?? owner;
        }

        return new WorkloadOf(owner.Kind, owner.Name);
    }
}
