using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>
/// Reads and changes the metadata of objects of other servers. Each change holds only for the version that was read:
/// for one that has changed since there is a <see cref="StaleReadException"/>, and one that is gone is well.
/// </summary>
internal sealed class AggregatedObjects(IAggregatedApis apis, UserIdentity user)
{
    private const int PageSize = 500;

    /// <summary>Pages of one resource.</summary>
    private const int MaxPages = 20;

    /// <summary>All objects of a resource; null, and why, when its server does not tell.</summary>
    public async Task<(IReadOnlyList<AggregatedObject>? Items, string Failure)> ListAsync(
        AggregatedResource resource, CancellationToken cancellationToken)
    {
        var items = new List<AggregatedObject>();
        var token = "";
        for (var page = 0; page < MaxPages; page++)
        {
            var path = string.Create(
                CultureInfo.InvariantCulture,
                $"/{resource.Name.Plural}?limit={PageSize}&continue={Uri.EscapeDataString(token)}");
            var answer = await apis.SendAsync(
                Request(resource, path) with { Accept = PartialList.Accept }, cancellationToken);
            if (!answer.Succeeded || PartialList.Read(answer.Value.Span) is not { } list)
            {
                return (null, answer.Succeeded ? $"{resource.Name}: the list cannot be read" : answer.Error.Message);
            }

            items.AddRange(list.Items.Select(item => new AggregatedObject(resource, item)));
            token = list.Continue;
            if (token.Length == 0)
            {
                break;
            }
        }

        return (items, "");
    }

    /// <summary>Deletes an object.</summary>
    public Task DeleteAsync(AggregatedObject target, string policy, CancellationToken cancellationToken)
    {
        var preconditions = new JsonObject { ["uid"] = target.Item.Uid };
        if (target.Version is { Length: > 0 } version)
        {
            // Somebody may just have given it a new owner.
            preconditions["resourceVersion"] = version;
        }

        return SendAsync(
            target, "DELETE", "application/json",
            new JsonObject
            {
                ["kind"] = "DeleteOptions", ["apiVersion"] = "v1", ["propagationPolicy"] = policy,
                ["preconditions"] = preconditions,
            },
            cancellationToken);
    }

    /// <summary>Removes the references to some owners, and keeps all others.</summary>
    public Task RemoveOwnersAsync(
        AggregatedObject target, IReadOnlyCollection<string> uids, CancellationToken cancellationToken) => PatchAsync(
            target, "ownerReferences",
            target.Item.Metadata.Owners.Where(o => !uids.Contains(o.Uid)).Select(Ownership.ToJson), cancellationToken);

    /// <summary>Makes none of an object's references block its owners.</summary>
    public Task UnblockAsync(AggregatedObject target, CancellationToken cancellationToken) => PatchAsync(
        target, "ownerReferences",
        target.Item.Metadata.Owners.Select(static o => Ownership.ToJson(o with { BlocksOwnerDeletion = false })),
        cancellationToken);

    public Task RemoveFinalizerAsync(AggregatedObject target, string finalizer, CancellationToken cancellationToken) =>
        PatchAsync(
            target, "finalizers",
            target.Item.Metadata.Finalizers.Where(f => f != finalizer).Select(static f => (JsonNode)f),
            cancellationToken);

    private Task PatchAsync(
        AggregatedObject target, string list, IEnumerable<JsonNode> kept, CancellationToken cancellationToken)
    {
        // A merge patch replaces the list: it carries the version that the list was read at.
        JsonNode?[] items = [.. kept];
        var metadata = new JsonObject
        {
            ["uid"] = target.Item.Uid, [list] = items.Length == 0 ? null : new JsonArray(items),
        };
        if (target.Version is { Length: > 0 } version)
        {
            metadata["resourceVersion"] = version;
        }

        return SendAsync(
            target, "PATCH", "application/merge-patch+json", new JsonObject { ["metadata"] = metadata },
            cancellationToken);
    }

    private async Task SendAsync(
        AggregatedObject target, string method, string contentType, JsonObject body,
        CancellationToken cancellationToken)
    {
        var answer = await apis.SendAsync(
            Request(target.Resource, target.Path) with
            {
                Method = method, ContentType = contentType, Body = Encoding.UTF8.GetBytes(body.ToJsonString()),
            },
            cancellationToken);
        if (!answer.Succeeded && answer.Error.Code != 404)
        {
            throw answer.Error.Code == 409
                ? new StaleReadException(answer.Error.Message)
                : new ReconcileException(answer.Error.Message);
        }
    }

    private AggregatedRequest Request(AggregatedResource resource, string path) =>
        new(resource.Name.Group, resource.Version, path, user) { Subject = resource.Name.Qualified };
}
