using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.ControllerRevisions;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>
/// Which revision is the one of a DaemonSet's template. Of several with the same template, as they come when a set
/// adopts another's, the newest stays: pods of the others get its hash before those are deleted, so after a crash in
/// between the rest is done. Upstream gives it to all pods, which keeps those of older templates for ever.
/// </summary>
internal sealed class DaemonSetRevisions(IResourceClient client)
{
    private ((string Uid, long? Generation) Version, JsonElement Patch)? _patch;

    /// <summary>The hash by which pods name a revision that came from here.</summary>
    public static string HashOf(V1ControllerRevision revision) => revision.Metadata.Labels[DaemonPods.HashLabel];

    /// <summary>The revision of the set's template; null when its name was taken, and the next has another.</summary>
    /// <param name="set">The set.</param>
    /// <param name="selector">Its selector.</param>
    /// <param name="history">Its revisions, oldest first; those that go are taken out.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<V1ControllerRevision?> CurrentAsync(
        V1DaemonSet set,
        LabelSelector selector,
        List<V1ControllerRevision> history,
        CancellationToken cancellationToken)
    {
        for (var at = 0; at < history.Count; at++)
        {
            history[at] = await LabelledAsync(history[at], cancellationToken);
        }

        var patch = PatchOf(set);
        var sorted = history.ToLookup(r => RevisionHistory.IsSame(r, patch));
        var number = (sorted[false].LastOrDefault()?.Revision ?? 0) + 1;
        if (!sorted[true].Any())
        {
            return await RevisionHistory.CreateAsync(client, New(set, patch, number), cancellationToken) is { } made
                ? await LabelledAsync(made, cancellationToken)
                : null;
        }

        var kept = sorted[true].Last();
        var copies = sorted[true].SkipLast(1).ToList();
        if (copies.Count > 0)
        {
            await RelabelAsync(set, selector, copies, kept, cancellationToken);
            await RevisionHistory.DeleteAsync(client, copies, cancellationToken);
            history.RemoveAll(copies.Contains);
        }

        return kept.Revision < number
            ? await RevisionHistory.RenumberAsync(client, kept, number, cancellationToken)
            : kept;
    }

    /// <summary>Worked out once for a generation: a set of thousands of pods takes many steps with it.</summary>
    private JsonElement PatchOf(V1DaemonSet set)
    {
        var version = (set.Metadata.Uid, set.Metadata.Generation);
        if (_patch is not { } known || known.Version != version || version.Generation is null)
        {
            known = (version, RevisionHistory.Patch(set.Spec.Template));
            _patch = known;
        }

        return known.Patch;
    }

    private static V1ControllerRevision New(V1DaemonSet set, JsonElement patch, long number)
    {
        var template = set.Spec.Template;
        var hash = PodTemplates.Hash(PodTemplates.Canonical(template), set.Status?.CollisionCount);
        return new V1ControllerRevision
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{set.Metadata.Name}-{hash}",
                NamespaceProperty = set.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>(
                    template.Metadata?.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal)
                {
                    [DaemonPods.HashLabel] = hash,
                },
                Annotations = set.Metadata.Annotations,
                OwnerReferences = [set.ControllerReference()],
            },
            Data = patch,
            Revision = number,
        };
    }

    /// <summary>
    /// A revision from elsewhere, or one that somebody took it from, may have no hash: its name becomes it.
    /// </summary>
    private async Task<V1ControllerRevision> LabelledAsync(
        V1ControllerRevision revision, CancellationToken cancellationToken)
    {
        if (revision.Metadata.Labels?.ContainsKey(DaemonPods.HashLabel) == true)
        {
            return revision;
        }

        var written = await client.MergeAsync<V1ControllerRevision>(
            revision.Key(), Labelled(revision.Metadata.Uid, revision.Metadata.Name), cancellationToken);
        return written.OrThrow($"revision {revision.Key()}").As<V1ControllerRevision>();
    }

    private async Task RelabelAsync(
        V1DaemonSet set,
        LabelSelector selector,
        List<V1ControllerRevision> copies,
        V1ControllerRevision kept,
        CancellationToken cancellationToken)
    {
        var hashes = copies.Select(HashOf).Where(h => h != HashOf(kept)).ToHashSet(StringComparer.Ordinal);
        var pods = await PodOwnership.ListAsync(client, set.Metadata, selector, cancellationToken);
        foreach (var pod in PodOwnership.Of(set.Metadata, pods, p => selector.Matches(p.Labels)).All)
        {
            if (!hashes.Contains(pod.Labels.GetValueOrDefault(DaemonPods.HashLabel, "")))
            {
                continue;
            }

            var written = await client.MergeAsync<V1Pod>(
                pod.Key, Labelled(pod.Item.Uid, HashOf(kept)), cancellationToken);
            written.ThrowIfRefused($"pod {pod.Key}", StatusReasons.NotFound);
        }
    }

    private static JsonObject Labelled(string uid, string hash) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["uid"] = uid, ["labels"] = new JsonObject { [DaemonPods.HashLabel] = hash },
        },
    };
}
