using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.ControllerRevisions;

/// <summary>What has to happen so that the history's newest revision is the one of a template.</summary>
/// <param name="Existing">The newest revision with that template; null when it must be made.</param>
/// <param name="Number">Its number from now on.</param>
public readonly record struct RevisionStep(V1ControllerRevision? Existing, long Number)
{
    /// <summary>The template is an older one's again: that one becomes the newest.</summary>
    public bool IsReturn => Existing is not null && (Existing.Revision ?? 0) != Number;
}

/// <summary>
/// The history of a workload's templates as ControllerRevisions, which <c>kubectl rollout history</c> and <c>undo</c>
/// read: each holds a patch that puts its template back.
/// </summary>
public static class RevisionHistory
{
    private const int MaxOwnerName = 223;

    /// <summary>The patch that puts a template back, keys in order, as upstream keeps and hashes it.</summary>
    public static JsonElement Patch(V1PodTemplateSpec template)
    {
        var content = JsonNode.Parse(ResourceCodec.Encode(template))!.AsObject();
        content["$patch"] = "replace";
        return JsonSerializer.SerializeToElement(Sorted(new JsonObject
        {
            ["spec"] = new JsonObject { ["template"] = content },
        }));
    }

    /// <summary>The template that a revision puts back.</summary>
    public static V1PodTemplateSpec Template(V1ControllerRevision revision)
    {
        var content = JsonNode.Parse(((JsonElement)revision.Data).GetRawText())!["spec"]!["template"]!.AsObject();
        content.Remove("$patch");
        return ResourceCodec.Decode<V1PodTemplateSpec>(JsonSerializer.SerializeToUtf8Bytes(content));
    }

    /// <summary>
    /// Upstream's hash of a StatefulSet's revision: FNV-1 over the patch and the number of collisions, in letters.
    /// </summary>
    public static string Hash(JsonElement patch, int collisions)
    {
        var hash = 2166136261u;
        foreach (var b in System.Text.Encoding.UTF8.GetBytes(
            GoText.Json(patch) + collisions.ToString(CultureInfo.InvariantCulture)))
        {
            hash = unchecked((hash * 16777619) ^ b);
        }

        return PodTemplates.Letters(hash);
    }

    /// <summary>The revision's name.</summary>
    public static string Name(string owner, string hash) =>
        $"{(owner.Length > MaxOwnerName ? owner[..MaxOwnerName] : owner)}-{hash}";

    /// <summary>What to do for a template, given the history in order.</summary>
    public static RevisionStep Next(IReadOnlyList<V1ControllerRevision> history, JsonElement patch)
    {
        var newest = history.Count == 0 ? 0 : history[^1].Revision ?? 0;
        var equal = history.LastOrDefault(r => IsSame(r, patch));
        return new RevisionStep(equal, equal is not null && ReferenceEquals(equal, history[^1]) ? newest : newest + 1);
    }

    /// <summary>True for a revision that holds this patch.</summary>
    public static bool IsSame(V1ControllerRevision revision, JsonElement patch) =>
        revision.Data is JsonElement data && JsonElement.DeepEquals(data, patch);

    /// <summary>The oldest revisions beyond the limit, of those that nothing lives by.</summary>
    public static IReadOnlyList<V1ControllerRevision> Surplus(
        IEnumerable<V1ControllerRevision> history, Func<V1ControllerRevision, bool> isLive, int limit)
    {
        var dead = history.Where(r => !isLive(r)).ToList();
        return limit < 0 ? [] : dead.Take(Math.Max(0, dead.Count - limit)).ToList();
    }

    /// <summary>
    /// The owner's history in order: of what it controls what it selects (it lets go of the rest), and orphans that it
    /// selects, which it adopts.
    /// </summary>
    public static async Task<List<V1ControllerRevision>> ClaimAsync(
        IResourceClient client,
        V1ObjectMeta owner,
        V1OwnerReference reference,
        LabelSelector selector,
        CancellationToken cancellationToken)
    {
        var query = ResourceOf<V1ControllerRevision>.Query(owner.NamespaceProperty);
        var owned = await client.ListAsync(
            query with { OwnerUid = owner.Uid, Freshness = ReadFreshness.Linearizable }, cancellationToken);
        var result = new List<V1ControllerRevision>();
        foreach (var item in owned.Items.Where(i => i.Metadata.Controller?.Uid == owner.Uid))
        {
            if (selector.Matches(item.Metadata.Labels))
            {
                result.Add(item.As<V1ControllerRevision>());
            }
            else if (owner.DeletionTimestamp is null)
            {
                await Ownership.ReleaseAsync(client, query.Resource, item, owner.Uid, cancellationToken);
            }
        }

        if (owner.DeletionTimestamp is null)
        {
            await AdoptAsync(client, owner, reference, selector, result, cancellationToken);
        }

        result.Sort(Compare);
        return result;
    }

    /// <summary>Creates a revision; null when its name is taken by one with another patch.</summary>
    public static async Task<V1ControllerRevision?> CreateAsync(
        IResourceClient client, V1ControllerRevision revision, CancellationToken cancellationToken)
    {
        var created = await client.CreateAsync(revision, cancellationToken);
        if (created.Succeeded)
        {
            return created.Value.As<V1ControllerRevision>();
        }

        if (created.Error.Reason != StatusReasons.AlreadyExists)
        {
            throw new ReconcileException($"revision {revision.Key()}: {created.Error.Message}");
        }

        var existing = await client.GetAsync<V1ControllerRevision>(
            revision.Key(), ReadFreshness.Linearizable, cancellationToken);
        return existing.OrNull($"revision {revision.Key()}") is { } other && IsSame(other, (JsonElement)revision.Data)
            ? other
            : null;
    }

    /// <summary>Gives a revision a new number.</summary>
    public static async Task<V1ControllerRevision> RenumberAsync(
        IResourceClient client, V1ControllerRevision revision, long number, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = revision.Metadata.Uid, ["resourceVersion"] = revision.Metadata.ResourceVersion,
            },
            ["revision"] = number,
        };
        var written = await client.MergeAsync<V1ControllerRevision>(revision.Key(), patch, cancellationToken);
        return written.OrThrow($"revision {revision.Key()}").As<V1ControllerRevision>();
    }

    /// <summary>Deletes revisions.</summary>
    public static async Task DeleteAsync(
        IResourceClient client, IEnumerable<V1ControllerRevision> revisions, CancellationToken cancellationToken)
    {
        foreach (var revision in revisions)
        {
            var deleted = await client.DeleteAsync(revision, cancellationToken);
            deleted.ThrowIfRefused($"old revision {revision.Key()}", StatusReasons.NotFound);
        }
    }

    private static async Task AdoptAsync(
        IResourceClient client,
        V1ObjectMeta owner,
        V1OwnerReference reference,
        LabelSelector selector,
        List<V1ControllerRevision> result,
        CancellationToken cancellationToken)
    {
        var query = ResourceOf<V1ControllerRevision>.Query(owner.NamespaceProperty);
        var selected = await client.ListAsync(query with { LabelSelector = selector.ToString() }, cancellationToken);
        foreach (var item in selected.Items.Where(i =>
            i.Metadata.Controller is null && i.Metadata.DeletionTimestamp is null))
        {
            await Ownership.AdoptAsync(client, query.Resource, item, reference, cancellationToken);
            var adopted = await client.GetAsync<V1ControllerRevision>(
                item.Key, ReadFreshness.Linearizable, cancellationToken);
            if (adopted.Succeeded)
            {
                result.Add(adopted.Value);
            }
        }
    }

    private static int Compare(V1ControllerRevision a, V1ControllerRevision b)
    {
        var byNumber = Nullable.Compare(a.Revision, b.Revision);
        var byAge = byNumber != 0
            ? byNumber
            : Nullable.Compare(a.Metadata.CreationTimestamp, b.Metadata.CreationTimestamp);
        return byAge != 0 ? byAge : string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name);
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject item => new JsonObject(item.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
