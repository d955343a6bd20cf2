using System.Runtime.CompilerServices;
using System.Text;
using Orleans.Runtime;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Writing;

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
        return item is null ? StatusErrors.NotFound(resource, key.Name) : item.Refusal ?? (Outcome<ResourceObject>)item;
    }

    /// <inheritdoc/>
    public async ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        // Of a kind that has just gone there are no objects.
        if (services.Catalog.Current.Find(query.Resource) is not { } definition)
        {
            return new ResourceList(0, []);
        }

        var selection = ObjectSelection.Parse(
            definition, query.Namespace, "", query.LabelSelector, query.FieldSelector);
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
        while (await OpenAsync(resource, cancellationToken) is var (cache, snapshot))
        {
            foreach (var item in snapshot.Range())
            {
                yield return new ResourceChange { Kind = ChangeKind.Added, Object = item };
            }

            yield return ResourceChange.Synced;
            var revision = snapshot.Revision;
            var end = CacheWatchEnd.Overflow;
            while (end == CacheWatchEnd.Overflow)
            {
                using var watcher = cache.Watch(
                    new CacheWatchRequest { AfterRevision = revision, NeedsPrevious = true });
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

    /// <summary>Where following begins; null when the silo stops, which ends what waits in many ways.</summary>
    private async Task<(ResourceCache Cache, CacheSnapshot Snapshot)?> OpenAsync(
        ResourceName resource, CancellationToken cancellationToken)
    {
        try
        {
            var cache = await services.Caches.GetAsync(resource, cancellationToken);
            return (cache, await cache.ConsistentAsync(cancellationToken));
        }
        catch (Exception end) when (services.Caches.IsClosed && !cancellationToken.IsCancellationRequested
            && end is OperationCanceledException or StoreUnavailableException or OrleansException or TimeoutException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> CreateAsync(CreateRequest request, CancellationToken cancellationToken) =>
        WriteAsync(
            "POST",
            new Target(request.Resource, new ObjectKey(request.Namespace, request.Name), request.Subresource),
            context => services.Engine.WriteAsync(new WriteRequest(context, WriteVerb.Create, request.Json)),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken) =>
        WriteAsync(
            "PUT",
            new Target(request.Resource, request.Key, request.Subresource),
            context => services.Engine.WriteAsync(new WriteRequest(context, WriteVerb.Update, request.Json)),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> PatchAsync(PatchRequest request, CancellationToken cancellationToken) =>
        WriteAsync(
            "PATCH",
            new Target(request.Resource, request.Key, request.Subresource)
            {
                Apply = request.Kind == PatchKind.Apply
                    ? WriteOptions.Internal with { FieldManager = request.FieldManager, Force = true }
                    : null,
            },
            context => services.Engine.WriteAsync(
                new WriteRequest(context, WriteVerb.Patch, request.Patch) { Patch = request.Kind }),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Outcome<ResourceObject>> DeleteAsync(DeleteRequest request, CancellationToken cancellationToken) =>
        WriteAsync(
            "DELETE",
            new Target(request.Resource, request.Key, "") { IsAudited = !request.IsExpiry },
            context => services.Deleter.DeleteAsync(context, new DeletionOptions
            {
                GracePeriodSeconds = request.GracePeriodSeconds,
                Uid = request.Uid,
                ResourceVersion = request.ResourceVersion,
                PropagationPolicy = request.PropagationPolicy,
                IsExpiry = request.IsExpiry,
            }),
            cancellationToken);

    /// <summary>
    /// Writes, and has it audited as the request that it would have been. Failures of the environment become the same
    /// answers that HTTP clients get.
    /// </summary>
    private async ValueTask<Outcome<ResourceObject>> WriteAsync(
        string method, Target target, Func<WriteContext, ValueTask<Outcome<WriteResult>>> write,
        CancellationToken cancellationToken)
    {
        AuditRecord? audit = null;
        Outcome<ResourceObject> result;
        try
        {
            var definition = Find(target.Resource);
            if (target.IsAudited && services.Audit is { } log
                && await log.BeginAsync(target.AskedBy(method, definition), self) is { } begun)
            {
                if (!begun.Succeeded)
                {
                    return begun.Error;
                }

                audit = begun.Value;
            }

            var outcome = await write(Context(definition, target, audit, cancellationToken));
            result = outcome.Succeeded ? outcome.Value.Object : outcome.Error;
        }
        catch (Exception failure) when (
            failure is UnknownOutcomeException or StoreUnavailableException or OrleansException or TimeoutException or StatusException)
        {
            result = services.Failures.Map(failure, self.Name);
        }

        if (audit is not null)
        {
            audit.Answered(result.Succeeded ? result.Value.Json : default);
            await services.Audit!.EndAsync(
                audit, result.Succeeded ? new AuditStatus(method == "POST" ? 201 : 200) : AuditStatus.Of(result.Error));
        }

        return result;
    }

    private WriteContext Context(
        ResourceDefinition definition, Target target, AuditRecord? audit, CancellationToken cancellationToken) => new()
    {
        Definition = definition,
        Key = target.Key,
        Subresource = target.Subresource,
        User = self,
        FieldManager = target.Apply is null ? FieldManagerNames.Of(self) : null,
        Options = target.Apply ?? WriteOptions.Internal,
        Audit = audit,
        CancellationToken = cancellationToken,
    };

    private ResourceDefinition Find(ResourceName resource) =>
        services.Catalog.Current.Find(resource) ?? throw new StatusException(Refusals.UnknownResource);

    /// <summary>What a write is for.</summary>
    private sealed record Target(ResourceName Resource, ObjectKey Key, string Subresource)
    {
        /// <summary>Options of server-side apply; null for all else.</summary>
        public WriteOptions? Apply { get; init; }

        /// <summary>False for what would be no request.</summary>
        public bool IsAudited { get; init; } = true;

        /// <summary>The request that it would be over HTTP.</summary>
        public RequestInfo AskedBy(string method, ResourceDefinition definition)
        {
            var path = new StringBuilder(definition.Name.Group.Length == 0 ? "/api/" : "/apis/")
                .Append(definition.ApiVersion);
            if (Key.Namespace.Length > 0)
            {
                path.Append("/namespaces/").Append(Key.Namespace);
            }

            path.Append('/').Append(definition.Name.Plural);
            if (Key.Name.Length > 0 && (method != "POST" || Subresource.Length > 0))
            {
                path.Append('/').Append(Key.Name);
            }

            if (Subresource.Length > 0)
            {
                path.Append('/').Append(Subresource);
            }

            return RequestInfoReader.Read(method, path.ToString()).Required;
        }
    }
}

/// <summary>What a <see cref="ResourceClient"/> works with.</summary>
public sealed class ResourceClientServices(
    ResourceCatalog catalog,
    ResourceCaches caches,
    ObjectReader reader,
    WriteEngine engine,
    ObjectDeleter deleter,
    FailureMapper failures,
    IEnumerable<AuditLog> audits)
{
    /// <summary>Null when nothing is audited.</summary>
    public AuditLog? Audit { get; } = audits.LastOrDefault();

    public ResourceCatalog Catalog => catalog;

    public ResourceCaches Caches => caches;

    public ObjectReader Reader => reader;

    public WriteEngine Engine => engine;

    public ObjectDeleter Deleter => deleter;

    public FailureMapper Failures => failures;
}
