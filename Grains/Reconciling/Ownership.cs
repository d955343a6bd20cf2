using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>Adds and removes owner references, each time guarded by the object's uid, so never on a namesake.</summary>
public static class Ownership
{
    /// <summary>Makes <paramref name="owner"/> the controller of the object.</summary>
    public static Task AdoptAsync(
        IResourceClient client,
        ResourceName resource,
        ResourceObject item,
        V1OwnerReference owner,
        CancellationToken cancellationToken) =>
        AdoptAsync(client, resource, item, owner, finalizer: null, cancellationToken);

    /// <summary>
    /// Makes <paramref name="owner"/> the controller of the object, and adds a finalizer if one is given.
    /// </summary>
    public static async Task AdoptAsync(
        IResourceClient client,
        ResourceName resource,
        ResourceObject item,
        V1OwnerReference owner,
        string? finalizer,
        CancellationToken cancellationToken)
    {
        var metadata = new JsonObject
        {
            ["uid"] = item.Uid,
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = owner.ApiVersion,
                ["kind"] = owner.Kind,
                ["name"] = owner.Name,
                ["uid"] = owner.Uid,
                ["controller"] = true,
                ["blockOwnerDeletion"] = true,
            }),
        };
        if (finalizer is not null)
        {
            metadata["finalizers"] = new JsonArray(finalizer);
        }

        var patch = new JsonObject { ["metadata"] = metadata };
        Expect(await PatchAsync(client, resource, item, PatchKind.Strategic, patch, cancellationToken), resource, item);
    }

    /// <summary>Removes the references to an owner.</summary>
    public static Task ReleaseAsync(
        IResourceClient client, ResourceName resource, ResourceObject item, string ownerUid, CancellationToken cancellationToken) =>
        RemoveOwnersAsync(client, resource, item, [ownerUid], cancellationToken);

    /// <summary>Removes the references to some owners, and keeps all others.</summary>
    public static async Task RemoveOwnersAsync(
        IResourceClient client,
        ResourceName resource,
        ResourceObject item,
        IReadOnlyCollection<string> ownerUids,
        CancellationToken cancellationToken)
    {
        // A merge patch replaces the list: it carries the resourceVersion that the list was read at.
        var kept = item.Metadata.Owners.Where(o => !ownerUids.Contains(o.Uid)).Select(ToJson).ToArray<JsonNode?>();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = item.Uid,
                ["resourceVersion"] = item.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["ownerReferences"] = kept.Length == 0 ? null : new JsonArray(kept),
            },
        };
        Expect(await PatchAsync(client, resource, item, PatchKind.Merge, patch, cancellationToken), resource, item);
    }

    /// <summary>
    /// Makes none of an object's references block its owners; the new version, or null when it has gone.
    /// </summary>
    public static async Task<ResourceObject?> UnblockAsync(
        IResourceClient client, ResourceName resource, ResourceObject item, CancellationToken cancellationToken)
    {
        var blocking = item.Metadata.Owners.Where(o => o.BlocksOwnerDeletion).Select(o => new JsonObject
        {
            ["apiVersion"] = o.ApiVersion, ["kind"] = o.Kind, ["name"] = o.Name, ["uid"] = o.Uid,
            ["blockOwnerDeletion"] = false,
        }).ToArray<JsonNode?>();
        if (blocking.Length == 0)
        {
            return item;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = item.Uid, ["ownerReferences"] = new JsonArray(blocking) },
        };
        var outcome = await PatchAsync(client, resource, item, PatchKind.Strategic, patch, cancellationToken);
        Expect(outcome, resource, item);
        return outcome.Succeeded ? outcome.Value : null;
    }

    /// <summary>A reference as objects have it.</summary>
    internal static JsonObject ToJson(ObjectOwner owner)
    {
        var result = new JsonObject
        {
            ["apiVersion"] = owner.ApiVersion, ["kind"] = owner.Kind, ["name"] = owner.Name, ["uid"] = owner.Uid,
        };
        if (owner.IsController)
        {
            result["controller"] = true;
        }

        if (owner.BlocksOwnerDeletion)
        {
            result["blockOwnerDeletion"] = true;
        }

        return result;
    }

    private static ValueTask<Outcome<ResourceObject>> PatchAsync(
        IResourceClient client,
        ResourceName resource,
        ResourceObject item,
        PatchKind kind,
        JsonObject patch,
        CancellationToken cancellationToken) => client.PatchAsync(
            new PatchRequest
            {
                Resource = resource, Key = item.Key, Kind = kind, Patch = Encoding.UTF8.GetBytes(patch.ToJsonString()),
            },
            cancellationToken);

    /// <summary>Gone, or no longer the same object: nothing to own. Everything else is tried again.</summary>
    private static void Expect(Outcome<ResourceObject> outcome, ResourceName resource, ResourceObject item) =>
        outcome.ThrowIfRefused($"owners of {resource} {item.Key}", StatusReasons.NotFound, StatusReasons.Invalid);
}

/// <summary>What controllers want to know of a refusal.</summary>
public static class StatusFacts
{
    /// <summary>The namespace is being deleted: creating in it is pointless, and nothing to complain about.</summary>
    public static bool IsNamespaceTerminating(this Status status) =>
        status.Details?.Causes?.Any(c => c.Reason == "NamespaceTerminating") == true;
}
