using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using Orleans.Runtime;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Api.Subresources;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>
/// The API in process: reads from the caches, writes through the same pipeline as HTTP. Callers are part of this
/// server, so there is no authorization; admission sees who they act as.
/// </summary>
public sealed class ResourceClient(ResourceClientServices services, UserIdentity self) : IResourceClient
{
    /// <summary>Events that a follower takes at once.</summary>
    private const int FollowBatch = 256;

    /// <summary>A follower without events looks up this often, to notice its cancellation.</summary>
    private static readonly TimeSpan FollowWait = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public IResourceClient As(UserIdentity user) => new ResourceClient(services, user);

    /// <inheritdoc/>
    public async ValueTask<Outcome<ResourceObject>> GetAsync(
        ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var item = await services.Reader.GetAsync(resource, key, freshness, cancellationToken);
        return item is null ? StatusErrors.NotFound(resource, key.Name) : item;
    }

    /// <inheritdoc/>
    public async ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        var selection = ObjectSelection.Parse(Find(query.Resource), query.Namespace, "", query.LabelSelector, query.FieldSelector);
        var snapshot = await services.Reader.SnapshotAsync(query.Resource, query.Freshness, cancellationToken);
        var chosen = selection.Required;
        var items = query.OwnerUid is { } owner ? snapshot.OwnedBy(owner).Where(chosen.Matches)
            : query.NotOwnedBy is { } notOwner ? NotOwned(snapshot, chosen, notOwner)
            : chosen.Select(snapshot);
        return new ResourceList(snapshot.Revision, [.. items]);
    }

    /// <summary>
    /// Owners ask this all the time, and nearly always all that they select is their own: then two counts in an index
    /// say so.
    /// </summary>
    private static IEnumerable<ResourceObject> NotOwned(
        CacheSnapshot snapshot, ObjectSelection chosen, string ownerUid) =>
        chosen.NarrowestLabel(snapshot) is { } label
        && snapshot.CountWithLabel(label.Name, label.Value) <= snapshot.CountOwnedBy(ownerUid)
            ? []
            : chosen.Select(snapshot).Where(item => item.Metadata.Owners.All(o => o.Uid != ownerUid));

    /// <inheritdoc/>
    public async IAsyncEnumerable<ResourceChange> FollowAsync(
        ResourceName resource, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var cache = await services.Caches.GetAsync(resource, cancellationToken);
            var snapshot = await cache.ConsistentAsync(cancellationToken);
            foreach (var item in snapshot.Range())
            {
                yield return new ResourceChange { Kind = ChangeKind.Added, Object = item };
            }

            yield return ResourceChange.Synced;
            var revision = snapshot.Revision;
            var end = CacheWatchEnd.Overflow;
            while (end == CacheWatchEnd.Overflow)
            {
                using var watcher = cache.Watch(new CacheWatchRequest { AfterRevision = revision, NeedsPrevious = true });
                for (end = CacheWatchEnd.None; end == CacheWatchEnd.None;)
                {
                    var batch = await watcher.ReadAsync(FollowBatch, FollowWait, cancellationToken);
                    foreach (var change in batch.Events)
                    {
                        yield return new ResourceChange { Kind = change.Kind, Object = change.Object, Previous = change.Previous };
                    }

                    revision = Math.Max(revision, batch.Revision);
                    end = batch.End;
                }
            }

            if (end == CacheWatchEnd.Closed)
            {
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> CreateAsync(CreateRequest request, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            var context = Context(request.Resource, new ObjectKey(request.Namespace, request.Name), request.Subresource, cancellationToken);
            switch (request.Subresource)
            {
                case "binding":
                    return await services.Bindings.BindAsync(context, request.Name, request.Json, BodyFormat.Json);
                case "eviction":
                    return await services.Evictions.EvictAsync(context, request.Json, BodyFormat.Json);
                case "":
                    var item = Decode(context, request.Json);
                    return item.Succeeded ? await services.Creator.CreateAsync(context, item.Value) : item.Error;
                default:
                    return StatusErrors.NotImplemented($"creating {request.Resource.Qualified}/{request.Subresource} in process");
            }
        });

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            var context = Context(request.Resource, request.Key, request.Subresource, cancellationToken);
            if (request.Subresource == "scale")
            {
                return await services.Scales.WriteAsync(context, request.Json, BodyFormat.Json, patch: null);
            }

            var first = Decode(context, request.Json);
            if (!first.Succeeded)
            {
                return first.Error;
            }

            if (NameRule.CheckReplacement(context, first.Value.Metadata) is { } mismatch)
            {
                return mismatch;
            }

            IKubernetesObject<V1ObjectMeta>? ready = first.Value;
            return await services.Updater.UpdateAsync(
                context,
                _ =>
                {
                    var item = Interlocked.Exchange(ref ready, null);
                    return item is null ? Decode(context, request.Json) : Outcomes.Of(item);
                },
                first.Value.Metadata.Uid ?? "");
        });

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> PatchAsync(PatchRequest request, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            var context = Context(request.Resource, request.Key, request.Subresource, cancellationToken);
            if (request.Subresource == "scale")
            {
                return await services.Scales.WriteAsync(context, request.Patch, BodyFormat.Json, request.Kind);
            }

            var patch = ObjectPatch.Parse(request.Kind, request.Patch.Span, FieldValidation.Ignore);
            return patch.Succeeded ? await services.Updater.PatchAsync(context, patch.Value) : patch.Error;
        });

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> DeleteAsync(DeleteRequest request, CancellationToken cancellationToken) =>
        GuardAsync(() => services.Deleter.DeleteAsync(
            Context(request.Resource, request.Key, "", cancellationToken),
            new DeletionOptions
            {
                GracePeriodSeconds = request.GracePeriodSeconds,
                Uid = request.Uid,
                ResourceVersion = request.ResourceVersion,
                PropagationPolicy = request.PropagationPolicy,
            }));

    /// <summary>Failures of the environment become the same answers that HTTP clients get.</summary>
    private async ValueTask<Outcome<ResourceObject>> GuardAsync(Func<ValueTask<Outcome<WriteResult>>> write)
    {
        try
        {
            var outcome = await write();
            return outcome.Succeeded ? outcome.Value.Object : outcome.Error;
        }
        catch (Exception failure) when (
            failure is UnknownOutcomeException or StoreUnavailableException or OrleansException or TimeoutException or StatusException)
        {
            return services.Failures.Map(failure, self.Name);
        }
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Decode(WriteContext context, ReadOnlyMemory<byte> json)
    {
        var item = BodyDecoder.Decode(
            ExpectedBody.Of(context.Definition), json, BodyFormat.Json, FieldValidation.Ignore, context.Warnings);
        if (item.Succeeded)
        {
            context.Definition.Strategy.SetDefaults(item.Value);
        }

        return item;
    }

    private WriteContext Context(ResourceName resource, ObjectKey key, string subresource, CancellationToken cancellationToken) => new()
    {
        Definition = Find(resource),
        Key = key,
        Subresource = subresource,
        User = self,
        Options = WriteOptions.Internal,
        CancellationToken = cancellationToken,
    };

    private ResourceDefinition Find(ResourceName resource) =>
        services.Table.Find(resource) ?? throw new StatusException(Refusals.UnknownResource);
}

/// <summary>What a <see cref="ResourceClient"/> works with.</summary>
public sealed class ResourceClientServices(
    ResourceTable table,
    ResourceCaches caches,
    ObjectReader reader,
    ObjectCreator creator,
    ObjectUpdater updater,
    ObjectDeleter deleter,
    BindingHandler bindings,
    EvictionHandler evictions,
    ScaleHandler scales,
    FailureMapper failures)
{
    public ResourceTable Table => table;

    public ResourceCaches Caches => caches;

    public ObjectReader Reader => reader;

    public ObjectCreator Creator => creator;

    public ObjectUpdater Updater => updater;

    public ObjectDeleter Deleter => deleter;

    public BindingHandler Bindings => bindings;

    public EvictionHandler Evictions => evictions;

    public ScaleHandler Scales => scales;

    public FailureMapper Failures => failures;
}
