using System.Text.Json;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.StateMetrics;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// Adds to what nodes say of pods what the cluster knows of them: who keeps them running, and how often containers
/// began anew. What a node says of pods that are not its own is passed over. Read anew only of pods that changed.
/// </summary>
internal sealed class PodTraits(ObjectReader reader)
{
    private Dictionary<ObjectKey, Traits> _known = [];

    /// <summary>The samples, with owners and restarts.</summary>
    public async Task<IReadOnlyList<UsageSample>> AddAsync(
        IReadOnlyCollection<UsageSample> samples, CacheSnapshot pods, CancellationToken cancellationToken)
    {
        var links = new Dictionary<ResourceName, CacheSnapshot>();
        foreach (var resource in WorkloadOf.Links.Values)
        {
            links[resource] = await reader.SnapshotAsync(resource, ReadFreshness.Cached, cancellationToken);
        }

        var now = new Dictionary<ObjectKey, Traits>();
        var result = new List<UsageSample>(samples.Count);
        foreach (var sample in samples)
        {
            if (sample.Namespace.Length == 0)
            {
                result.Add(sample);
                continue;
            }

            var key = new ObjectKey(sample.Namespace, sample.Name);
            if (pods.Get(key) is not { } pod)
            {
                continue;
            }

            if (!now.TryGetValue(key, out var traits))
            {
                traits = _known.GetValueOrDefault(key) is { } known && known.Revision == pod.Revision
                    ? known
                    : await ReadAsync(pod, links);
                now.Add(key, traits);
            }

            if (traits.Node != sample.Node)
            {
                continue;
            }

            result.Add(sample with
            {
                Owner = traits.Owner,
                Restarts = sample.Container.Length > 0 && traits.Restarts.TryGetValue(sample.Container, out var count)
                    ? count
                    : null,
            });
        }

        _known = now;
        return result;
    }

    private static async ValueTask<Traits> ReadAsync(
        ResourceObject pod, Dictionary<ResourceName, CacheSnapshot> links)
    {
        var workload = await WorkloadOf.FindAsync(
            pod, (resource, key) => ValueTask.FromResult(links[resource].Get(key)));
        var owner = workload is null ? "" : $"{workload.Kind}/{workload.Name}";
        using var document = JsonDocument.Parse(pod.Json);
        var root = new StateField(document.RootElement);
        return new Traits(pod.Revision, root["spec"]["nodeName"].Text ?? "", owner, RestartsOf(root));
    }

    private static Dictionary<string, int> RestartsOf(StateField root)
    {
        var restarts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var list in (string[])["initContainerStatuses", "containerStatuses"])
        {
            foreach (var container in root["status"][list].Items)
            {
                restarts[container["name"].Text ?? ""] = (int)(container["restartCount"].Number ?? 0);
            }
        }

        return restarts;
    }

    private sealed record Traits(
        long Revision, string Node, string Owner, IReadOnlyDictionary<string, int> Restarts);
}
