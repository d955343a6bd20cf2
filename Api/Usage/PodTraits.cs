using System.Text.Json;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.StateMetrics;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// Adds to what nodes say of pods what the cluster knows of them: who keeps them running, and how often containers
/// began anew. Read anew only of pods that changed.
/// </summary>
internal sealed class PodTraits(ObjectReader reader)
{
    private static readonly Dictionary<string, ResourceName> Between = new(StringComparer.Ordinal)
    {
        ["ReplicaSet"] = WellKnown.ReplicaSets,
        ["Job"] = WellKnown.Jobs,
    };

    private Dictionary<ObjectKey, Traits> _known = [];

    /// <summary>The samples, with owners and restarts.</summary>
    public async Task<IReadOnlyList<UsageSample>> AddAsync(
        IReadOnlyCollection<UsageSample> samples, CacheSnapshot pods, CancellationToken cancellationToken)
    {
        var owners = new Dictionary<string, CacheSnapshot>(StringComparer.Ordinal);
        foreach (var (kind, resource) in Between)
        {
            owners[kind] = await reader.SnapshotAsync(resource, ReadFreshness.Cached, cancellationToken);
        }

        var now = new Dictionary<ObjectKey, Traits>();
        var result = new List<UsageSample>(samples.Count);
        foreach (var sample in samples)
        {
            var key = new ObjectKey(sample.Namespace, sample.Name);
            if (sample.Namespace.Length == 0 || pods.Get(key) is not { } pod)
            {
                result.Add(sample);
                continue;
            }

            if (!now.TryGetValue(key, out var traits))
            {
                traits = _known.GetValueOrDefault(key) is { } known && known.Revision == pod.Revision
                    ? known
                    : Read(pod, owners);
                now.Add(key, traits);
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

    private static Traits Read(ResourceObject pod, Dictionary<string, CacheSnapshot> owners)
    {
        using var document = JsonDocument.Parse(pod.Json);
        var root = new StateField(document.RootElement);
        var restarts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var list in (string[])["initContainerStatuses", "containerStatuses"])
        {
            foreach (var container in root["status"][list].Items)
            {
                restarts[container["name"].Text ?? ""] = (int)(container["restartCount"].Number ?? 0);
            }
        }

        return new Traits(pod.Revision, OwnerOf(root, pod.Key.Namespace, owners), restarts);
    }

    /// <summary>A Deployment rather than its ReplicaSet, a CronJob rather than its Job.</summary>
    private static string OwnerOf(StateField item, string home, Dictionary<string, CacheSnapshot> owners)
    {
        var owner = item["metadata"]["ownerReferences"].Items.FirstOrDefault(static o => o["controller"].IsTrue);
        if (owner["kind"].Text is not { } kind || owner["name"].Text is not { } name)
        {
            return "";
        }

        if (owners.TryGetValue(kind, out var snapshot) && snapshot.Get(new ObjectKey(home, name)) is { } between)
        {
            using var document = JsonDocument.Parse(between.Json);
            if (OwnerOf(new StateField(document.RootElement), home, owners) is { Length: > 0 } above)
            {
                return above;
            }
        }

        return $"{kind}/{name}";
    }

    private sealed record Traits(long Revision, string Owner, IReadOnlyDictionary<string, int> Restarts);
}
