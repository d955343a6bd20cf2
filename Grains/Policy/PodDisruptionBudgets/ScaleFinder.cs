using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>Asks the controllers of pods how many they want: whatever kind they are, if it can be scaled.</summary>
internal sealed class ScaleFinder(IResourceClient client, ResourceCatalog catalog)
{
    /// <summary>The sum over all controllers of the pods, each counted once.</summary>
    public async Task<PodScale> SumAsync(IReadOnlyList<PodFacts> pods, CancellationToken cancellationToken)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        var scales = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (pod.Item.Metadata.Controller is not { } owner || !asked.Add(owner.Uid))
            {
                continue;
            }

            var found = await FindAsync(pod.Key, owner, cancellationToken);
            if (found.Failure is not null)
            {
                return new PodScale { Failure = found.Failure };
            }

            scales[found.Uid] = found.Replicas;
        }

        return new PodScale
        {
            Sum = scales.Values.Sum(), HasUnmanaged = pods.Any(p => p.Item.Metadata.Controller is null),
        };
    }

    private async Task<Found> FindAsync(ObjectKey pod, ObjectOwner owner, CancellationToken cancellationToken)
    {
        if (catalog.Current.Find(owner.ApiVersion, owner.Kind) is not { } definition)
        {
            return new Found("", 0, $"no matches for kind \"{owner.Kind}\" in version \"{owner.ApiVersion}\"");
        }

        if (definition.Scale is not { } paths)
        {
            return new Found("", 0, $"{definition.Name.Qualified} does not implement the scale subresource");
        }

        if (await ReadAsync(definition.Name, pod.Namespace, owner, cancellationToken) is not { } item)
        {
            return new Found("", 0, $"found no controllers for pod \"{pod.Name}\"");
        }

        if (definition.Name == WellKnown.ReplicaSets
            && item.Metadata.Controller is { Kind: "Deployment" } above
            && await ReadAsync(WellKnown.Deployments, pod.Namespace, above, cancellationToken) is { } deployment)
        {
            item = deployment;
        }

        return paths.ReadReplicas(JsonTree.ParseOwn(item.Json.Span)) is { } replicas
            ? new Found(item.Uid, replicas, null)
            : new Found("", 0, StatusErrors.InternalError(paths.Lacking).Message);
    }

    private async Task<ResourceObject?> ReadAsync(
        ResourceName resource, string home, ObjectOwner owner, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync(
            resource, new ObjectKey(home, owner.Name), ReadFreshness.Linearizable, cancellationToken);
        return read.OrNull($"controller {owner.Kind} {home}/{owner.Name}") is { } found && found.Uid == owner.Uid
            ? found
            : null;
    }

    private readonly record struct Found(string Uid, int Replicas, string? Failure);
}
