using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>Owners and dependents of this server, and owners of others, as seen from an object.</summary>
internal sealed class OwnGraph(IResourceClient client, ResourceCatalog catalog, AggregatedOwners aggregated)
{
    public IEnumerable<ResourceKind> Collectable => catalog.Current.Kinds.Where(
        static k => !k.Deletion.HasFlag(DeletionTraits.Ownerless) && k.Verbs.Contains("delete")
            && k.Verbs.Contains("watch"));

    /// <summary>True when other servers may have the kind of an owner, and this one has not.</summary>
    public bool IsForeign(ObjectOwner reference) =>
        catalog.Current.Find(reference.ApiVersion, reference.Kind) is null;

    /// <summary>Where an owner lives; null when it can be none of this server's.</summary>
    public ObjectAddress? AddressOf(ResourceObject item, ObjectOwner reference)
    {
        if (catalog.Current.Find(reference.ApiVersion, reference.Kind) is not { } definition
            || (definition.Namespaced && item.Key.Namespace.Length == 0))
        {
            return null;
        }

        return new ObjectAddress(
            definition.Storage, new ObjectKey(definition.Namespaced ? item.Key.Namespace : "", reference.Name));
    }

    /// <summary>How an owner reference of an object, of whichever server, stands.</summary>
    public async Task<OwnerState> StateAsync(
        ResourceObject item, ObjectOwner reference, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        if (AddressOf(item, reference) is not { } owner)
        {
            // A kind that is not served, or an owner in a namespace of a cluster-scoped object: nothing can be said, so
            // nothing is done. Other servers may know the kind; they are asked when it matters, not for a first look,
            // to which such an owner is no reason for a second.
            return freshness != ReadFreshness.Linearizable ? OwnerState.Solid
                : IsForeign(reference) ? await aggregated.StateAsync(item, reference, cancellationToken)
                : OwnerState.Unknown;
        }

        var read = await client.GetAsync(owner.Resource, owner.Key, freshness, cancellationToken);
        if (!read.Succeeded && read.Error.Reason != StatusReasons.NotFound)
        {
            throw new ReconcileException($"owner {owner}: {read.Error.Message}");
        }

        return CollectionPlanner.StateOf(reference, read.Succeeded ? read.Value : null);
    }

    /// <summary>This server's objects that name an owner.</summary>
    public async Task<List<(ResourceName Resource, ResourceObject Item)>> DependentsAsync(
        string uid, CancellationToken cancellationToken)
    {
        var result = new List<(ResourceName, ResourceObject)>();
        foreach (var kind in Collectable)
        {
            var query = new ListQuery { Resource = kind.Name, OwnerUid = uid, Freshness = ReadFreshness.Linearizable };
            var list = await client.ListAsync(query, cancellationToken);
            result.AddRange(list.Items.Select(i => (kind.Name, i)));
        }

        return result;
    }
}
