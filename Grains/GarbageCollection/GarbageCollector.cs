using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>
/// Deletes what has lost its owners, and carries out foreground and orphaning deletions.
/// <para>
/// It keeps no graph: the caches know every object by key and by the uid of its owners, and know at once of every
/// change. Changes only say where to look; every decision is made on linearizable reads, since "the owner does not
/// exist" must not be said of one that was created a moment ago. A request that is refused or fails is looked at again,
/// with a growing delay, until it is settled.
/// </para>
/// </summary>
public sealed partial class GarbageCollector : IController
{
    public const string Name = "generic-garbage-collector";

    private const int Workers = 20;
    private const int MaxRetryDelaySeconds = 60;

    /// <summary>Lost races are everyday life; who fails so often in a row has another reason.</summary>
    private const int FailuresWorthALine = 4;

    private readonly IResourceClient _client;
    private readonly ResourceCatalog _catalog;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ForeignOwners _foreignOwners;
    private readonly OwnGraph _graph;
    private readonly AggregatedCollector _aggregated;
    private readonly Lock _lock = new();

    /// <summary>Waiting work, each target once. Bounded by the number of objects.</summary>
    private readonly HashSet<ObjectAddress> _waiting = [];
    private readonly ConcurrentDictionary<ObjectAddress, int> _failures = new();
    private readonly Channel<ObjectAddress> _queue = Channel.CreateUnbounded<ObjectAddress>();

    public GarbageCollector(ReconcilingServices services)
    {
        var user = UserIdentity.Controller(Name);
        _client = services.Client.As(user);
        _catalog = services.Catalog;
        _options = services.Options;
        _time = services.Time;
        _logger = services.Logger<GarbageCollector>();
        _foreignOwners = new ForeignOwners(_client, services.Events.For("garbage-collector-controller", Name));
        _graph = new OwnGraph(_client, _catalog, new AggregatedOwners(services.Aggregation, user));
        _aggregated = new AggregatedCollector(
            services.Aggregation, user, _graph, _client, Enqueue, services.Time, _logger);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [
            FollowKindsAsync,
            _aggregated.RunAsync,
            .. Enumerable.Repeat<Func<CancellationToken, Task>>(WorkAsync, Workers),
        ],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        foreach (var kind in _graph.Collectable)
        {
            var list = await _client.ListAsync(new ListQuery { Resource = kind.Name }, cancellationToken);
            foreach (var item in list.Items.Where(i => i.Metadata.Owners.Count > 0 || NeedsFinalizing(i)))
            {
                Enqueue(new ObjectAddress(kind.Name, item.Key));
            }
        }

        await _aggregated.ResyncAsync(cancellationToken);
    }

    /// <summary>Works off what waits, then returns: for tests without running loops.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (_queue.Reader.TryRead(out var target))
        {
            await VisitAsync(target, cancellationToken);
        }
    }

    private static bool NeedsFinalizing(ResourceObject item) =>
        CollectionPlanner.IsForeground(item) || CollectionPlanner.IsOrphaning(item);

    private Task FollowKindsAsync(CancellationToken cancellationToken) => new KindFollower(
        _client, _catalog, () => _graph.Collectable,
        (resource, change) =>
            _options.DropWakeUps ? Task.CompletedTask : NoticeAsync(resource, change, cancellationToken))
        .RunAsync(cancellationToken);

    /// <summary>Finds out whom a change may concern.</summary>
    internal async Task NoticeAsync(ResourceName resource, ResourceChange change, CancellationToken cancellationToken)
    {
        var item = change.Object;
        if (change.Kind == ChangeKind.Deleted)
        {
            await EnqueueDependentsAsync(item.Uid, cancellationToken);
            await EnqueueWaitingOwnersAsync(item, cancellationToken);
            _aggregated.Notice(item);
            return;
        }

        var isRelinked = !SameOwners(change.Previous, item);
        if (isRelinked && change.Previous is { } before)
        {
            await EnqueueWaitingOwnersAsync(before, cancellationToken);
        }

        if (NeedsFinalizing(item)
            || (item.Metadata.Owners.Count > 0 && isRelinked
                && await HasUnsoundOwnerAsync(resource, item, cancellationToken)))
        {
            Enqueue(new ObjectAddress(resource, item.Key));
        }
    }

    private static bool SameOwners(ResourceObject? before, ResourceObject now) =>
        before is not null && before.Metadata.Owners.SequenceEqual(now.Metadata.Owners);

    /// <summary>
    /// A first look at the caches, which may be wrong either way for a moment; only the verified look decides.
    /// </summary>
    private async Task<bool> HasUnsoundOwnerAsync(
        ResourceName resource, ResourceObject item, CancellationToken cancellationToken)
    {
        var isUnsound = false;
        var suspects = new List<(ResourceName Owner, ObjectOwner Reference)>();
        foreach (var reference in item.Metadata.Owners)
        {
            var state = await _graph.StateAsync(item, reference, ReadFreshness.Cached, cancellationToken);
            isUnsound |= state is not OwnerState.Solid;
            if ((state is OwnerState.Absent || item.Key.Namespace.Length == 0)
                && _catalog.Current.Find(reference.ApiVersion, reference.Kind) is { Namespaced: true } owner)
            {
                suspects.Add((owner.Storage, reference));
            }
        }

        foreach (var kind in suspects.GroupBy(s => s.Owner, s => s.Reference))
        {
            if (_catalog.Current.Find(resource) is { } definition)
            {
                await _foreignOwners.ReportAsync(definition, item, kind.Key, kind, cancellationToken);
            }
        }

        return isUnsound;
    }

    private async Task EnqueueDependentsAsync(string uid, CancellationToken cancellationToken)
    {
        foreach (var kind in _graph.Collectable)
        {
            var list = await _client.ListAsync(
                new ListQuery { Resource = kind.Name, OwnerUid = uid }, cancellationToken);
            foreach (var dependent in list.Items)
            {
                Enqueue(new ObjectAddress(kind.Name, dependent.Key));
            }
        }
    }

    /// <summary>Owners that wait for an object that is gone, or that no longer refers to them as it did.</summary>
    private async Task EnqueueWaitingOwnersAsync(ResourceObject former, CancellationToken cancellationToken)
    {
        foreach (var reference in former.Metadata.Owners)
        {
            if (_graph.AddressOf(former, reference) is { } owner
                && await _client.GetAsync(owner.Resource, owner.Key, ReadFreshness.Cached, cancellationToken) is { Succeeded: true } read
                && CollectionPlanner.IsForeground(read.Value))
            {
                Enqueue(owner);
            }
        }
    }

    private void Enqueue(ObjectAddress target)
    {
        lock (_lock)
        {
            if (!_waiting.Add(target))
            {
                return;
            }
        }

        _queue.Writer.TryWrite(target);
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await foreach (var target in _queue.Reader.ReadAllAsync(cancellationToken))
        {
            await VisitAsync(target, cancellationToken);
        }
    }

    private async Task VisitAsync(ObjectAddress target, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _waiting.Remove(target);
        }

        try
        {
            await CollectAsync(target, cancellationToken);
            _failures.TryRemove(target, out _);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            var failures = _failures.AddOrUpdate(target, 1, (_, n) => n + 1);
            if (error is not StaleReadException || failures >= FailuresWorthALine)
            {
                LogFailed(target, failures, error.Message);
            }

            _ = AgainAsync(target, failures, cancellationToken);
        }
    }

    private async Task AgainAsync(ObjectAddress target, int failures, CancellationToken cancellationToken)
    {
        var seconds = Math.Min(MaxRetryDelaySeconds, 0.1 * Math.Pow(2, Math.Min(failures, 16)));
        await Task.Delay(TimeSpan.FromSeconds(seconds), _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Enqueue(target);
    }

    private async Task CollectAsync(ObjectAddress target, CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(target.Resource, target.Key, ReadFreshness.Linearizable, cancellationToken);
        read.ThrowIfRefused($"object {target}", StatusReasons.NotFound);
        if (!read.Succeeded)
        {
            _aggregated.Forget(target);
            return;
        }

        if (await ObserveAsync(target, read.Value, cancellationToken) is not { } observed)
        {
            return;
        }

        var plan = CollectionPlanner.Compute(observed);
        switch (plan.Step)
        {
            case CollectionStep.Delete:
                var item = plan.Unblocks
                    ? await Ownership.UnblockAsync(_client, target.Resource, read.Value, cancellationToken)
                    : read.Value;
                await (item is null ? Task.CompletedTask : DeleteAsync(target, item, plan.Policy, cancellationToken));
                break;
            case CollectionStep.Unlink:
                await Ownership.RemoveOwnersAsync(_client, target.Resource, read.Value, plan.Unlink, cancellationToken);
                break;
            case CollectionStep.WaitForDependents:
                // Those for which it does not wait, too: nothing else says that they lose their owner.
                await EnqueueDependentsAsync(read.Value.Uid, cancellationToken);
                break;
            case CollectionStep.FinishForeground:
                await RemoveFinalizerAsync(
                    target, read.Value, CollectionPlanner.ForegroundFinalizer, cancellationToken);
                break;
            case CollectionStep.OrphanDependents:
                await OrphanAsync(read.Value, cancellationToken);
                await _aggregated.OrphanAsync(read.Value.Uid, cancellationToken);
                await RemoveFinalizerAsync(target, read.Value, CollectionPlanner.OrphanFinalizer, cancellationToken);
                break;
        }
    }

    /// <summary>Null when other servers must be asked first; then the object is looked at again.</summary>
    private async Task<CollectionObserved?> ObserveAsync(
        ObjectAddress target, ResourceObject item, CancellationToken cancellationToken)
    {
        var owners = new List<OwnerView>();
        foreach (var reference in item.Metadata.Owners)
        {
            owners.Add(new OwnerView(
                reference,
                await _graph.StateAsync(item, reference, ReadFreshness.Linearizable, cancellationToken)));
        }

        // Dependents matter to what is or will be deleted with regard to them only.
        if (!CollectionPlanner.RegardsDependents(item, owners))
        {
            return new CollectionObserved { Item = item, Owners = owners, Dependents = [] };
        }

        return await _aggregated.DependentsAsync(target, item.Uid, cancellationToken) is not { } there ? null
            : new CollectionObserved
            {
                Item = item,
                Owners = owners,
                Dependents =
                [
                    .. (await _graph.DependentsAsync(item.Uid, cancellationToken)).Select(static d => d.Item), .. there,
                ],
            };
    }

    private async Task DeleteAsync(ObjectAddress target, ResourceObject item, string policy, CancellationToken cancellationToken) =>
        Expect(target, await _client.DeleteAsync(
            new DeleteRequest
            {
                Resource = target.Resource,
                Key = target.Key,
                Uid = item.Uid,

                // Somebody may just have given it a new owner.
                ResourceVersion = item.Revision.ToString(CultureInfo.InvariantCulture),
                PropagationPolicy = policy,
            },
            cancellationToken));

    private async Task OrphanAsync(ResourceObject owner, CancellationToken cancellationToken)
    {
        foreach (var (resource, item) in await _graph.DependentsAsync(owner.Uid, cancellationToken))
        {
            await Ownership.RemoveOwnersAsync(_client, resource, item, [owner.Uid], cancellationToken);
        }
    }

    private async Task RemoveFinalizerAsync(
        ObjectAddress target, ResourceObject item, string finalizer, CancellationToken cancellationToken)
    {
        var kept = item.Metadata.Finalizers.Where(f => f != finalizer).Select(f => (JsonNode?)JsonValue.Create(f)).ToArray();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = item.Uid,
                ["resourceVersion"] = item.Revision.ToString(CultureInfo.InvariantCulture),
                ["finalizers"] = kept.Length == 0 ? null : new JsonArray(kept),
            },
        };
        Expect(target, await _client.PatchAsync(
            new PatchRequest
            {
                Resource = target.Resource, Key = target.Key, Kind = PatchKind.Merge, Patch = Encoding.UTF8.GetBytes(patch.ToJsonString()),
            },
            cancellationToken));
    }

    /// <summary>Gone is well; everything else, a conflict included, is looked at again.</summary>
    private static void Expect(ObjectAddress target, Outcome<ResourceObject> outcome)
    {
        if (!outcome.Succeeded && outcome.Error.Reason != StatusReasons.NotFound)
        {
            throw new ReconcileException($"garbage collection of {target}: {outcome.Error.Message}");
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "collecting {Target} failed {Failures} times in a row and is tried again: {Error}")]
    private partial void LogFailed(ObjectAddress target, int failures, string error);
}
