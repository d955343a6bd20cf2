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

    /// <summary>Pages of one resource in one look.</summary>
    private const int MaxPages = 20;

    /// <summary>Where the next look at a resource begins, and the pass that it belongs to.</summary>
    private readonly Dictionary<(ResourceName Name, string Version), (string Token, long Pass)> _places = [];

    /// <summary>
    /// Looks through a resource. One that is too large for one look is gone on with in the next; one that failed begins
    /// anew.
    /// </summary>
    public async Task<AggregatedLook> ListAsync(AggregatedResource resource, CancellationToken cancellationToken)
    {
        var place = (resource.Name, resource.Version);
        var (start, last) = _places.GetValueOrDefault(place, ("", 0L));
        var pass = start.Length == 0 ? last + 1 : last;
        _places[place] = ("", pass);
        var (items, token) = (new List<AggregatedObject>(), start);
        for (var page = 0; page < MaxPages; page++)
        {
            var path = string.Create(
                CultureInfo.InvariantCulture,
                $"/{resource.Name.Plural}?limit={PageSize}&continue={Uri.EscapeDataString(token)}");
            var answer = await apis.SendAsync(
                Request(resource, path) with { Accept = PartialList.Accept }, cancellationToken);
            if (!answer.Succeeded || PartialList.Read(answer.Value.Span) is not { } list)
            {
                return new AggregatedLook(
                    null, pass, false,
                    answer.Succeeded ? $"{resource.Name}: the list cannot be read" : answer.Error.Message);
            }

            items.AddRange(list.Items.Select(item => new AggregatedObject(resource, item) { Pass = pass }));
            token = list.Continue;
            if (token.Length == 0)
            {
                break;
            }
        }

        _places[place] = (token, pass);
        return new AggregatedLook(items, pass, start.Length == 0 && token.Length == 0, "");
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
