using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>
/// Collects objects of other servers, by the rules of own ones. Nobody follows those servers: they are looked through
/// in rounds, one at each resync, and soon when an object here waits for what they have, or a round changed
/// something. One that does not answer, and an owner of which nothing can be said, keep what they concern and nothing
/// else.
/// </summary>
internal sealed partial class AggregatedCollector(
    IAggregatedApis apis, UserIdentity user, OwnGraph own, IResourceClient client, Action<ObjectAddress> enqueue,
    TimeProvider time, ILogger logger)
{
    /// <summary>Rounds that follow from what rounds did, until the next resync.</summary>
    private const int MaxInARow = 10;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly AggregatedObjects _objects = new(apis, user);
    private readonly Lock _lock = new();

    /// <summary>Objects here that want to know of their dependents there: in which round they asked first.</summary>
    private readonly Dictionary<ObjectAddress, long> _askers = [];
    private readonly WakeSignal _signal = new();

    private volatile AggregatedSnapshot _snapshot = AggregatedSnapshot.Nothing;

    /// <summary>The number of the round that began last.</summary>
    private long _begun;
    private int _inARow;
    private int _isInRound;

    /// <summary>Rounds between resyncs.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _signal.WaitAsync(cancellationToken);
            await RoundAsync(cancellationToken);
            await Task.Delay(Rest, time, cancellationToken);
        }
    }

    /// <summary>A round that does not follow from another one.</summary>
    public Task ResyncAsync(CancellationToken cancellationToken)
    {
        _inARow = 0;
        return RoundAsync(cancellationToken);
    }

    /// <summary>
    /// What other servers have that names an object here as its owner; null when nobody has looked since it was asked
    /// first: the object is enqueued when somebody has, and after each round from then on, until there is nothing more.
    /// </summary>
    public async ValueTask<IReadOnlyList<ResourceObject>?> DependentsAsync(
        ObjectAddress asker, string uid, CancellationToken cancellationToken)
    {
        var discovery = await apis.DiscoverAsync(cancellationToken);
        lock (_lock)
        {
            if (!_snapshot.MayChange(discovery))
            {
                _askers.Remove(asker);
                return [];
            }

            if (_askers.TryAdd(asker, _begun) || _askers[asker] >= _snapshot.Round)
            {
                _signal.Set();
                return null;
            }

            var found = _snapshot.DependentsOf(uid);
            if (found.Count == 0)
            {
                _askers.Remove(asker);
            }

            return [.. found.Select(static f => f.Item)];
        }
    }

    /// <summary>An object here no longer wants to know.</summary>
    public void Forget(ObjectAddress asker)
    {
        lock (_lock)
        {
            _askers.Remove(asker);
        }
    }

    /// <summary>An object here has gone.</summary>
    public void Notice(ResourceObject gone)
    {
        if (_snapshot.Concerns(gone))
        {
            _signal.Set();
        }
    }

    /// <summary>Takes an owner here out of the references of its dependents there.</summary>
    public async Task OrphanAsync(string uid, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var dependent in _snapshot.DependentsOf(uid))
            {
                await _objects.RemoveOwnersAsync(dependent, [uid], cancellationToken);
            }
        }
        catch (StaleReadException)
        {
            // The next attempt has to know them as they are now.
            _signal.Set();
            throw;
        }
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isInRound, 1) == 1)
        {
            // Once more when it is over.
            _signal.Set();
            return;
        }

        try
        {
            var discovery = await apis.DiscoverAsync(cancellationToken);
            lock (_lock)
            {
                _begun = _snapshot.Round + 1;
            }

            var (next, failures) = await _snapshot.NextAsync(discovery, _objects, cancellationToken);
            foreach (var failure in failures)
            {
                LogFailed(logger, failure);
            }

            var isChanged = await CollectAsync(next, cancellationToken);
            Publish(next, isChanged);
        }
        finally
        {
            Volatile.Write(ref _isInRound, 0);
        }
    }

    private void Publish(AggregatedSnapshot next, bool isChanged)
    {
        List<ObjectAddress> askers;
        lock (_lock)
        {
            _snapshot = next;
            askers = [.. _askers.Where(a => a.Value < next.Round).Select(static a => a.Key)];
        }

        askers.ForEach(enqueue);
        if (isChanged && _inARow++ < MaxInARow)
        {
            _signal.Set();
        }
    }

    /// <summary>True when something was asked to change.</summary>
    private async Task<bool> CollectAsync(AggregatedSnapshot snapshot, CancellationToken cancellationToken)
    {
        var isChanged = false;
        var states = new Dictionary<(ObjectOwner Reference, string Namespace), OwnerState>();
        foreach (var target in snapshot.Found)
        {
            try
            {
                isChanged |= await CollectAsync(target, snapshot, states, cancellationToken);
            }
            catch (StaleReadException)
            {
                isChanged = true;
            }
            catch (ReconcileException failure)
            {
                LogFailed(logger, failure.Message);
            }
        }

        return isChanged;
    }

    private async Task<bool> CollectAsync(
        AggregatedObject target, AggregatedSnapshot snapshot,
        Dictionary<(ObjectOwner Reference, string Namespace), OwnerState> states, CancellationToken cancellationToken)
    {
        var owners = new List<OwnerView>();
        foreach (var reference in target.Item.Metadata.Owners)
        {
            var asked = (reference, target.Item.Key.Namespace);
            if (!states.TryGetValue(asked, out var state))
            {
                states[asked] = state = await own.StateAsync(
                    target.Item, reference, ReadFreshness.Linearizable, cancellationToken);
            }

            owners.Add(new OwnerView(reference, state));
        }

        var isAsked = CollectionPlanner.RegardsDependents(target.Item, owners);
        var here = isAsked ? await own.DependentsAsync(target.Item.Uid, cancellationToken) : [];
        var there = isAsked ? snapshot.DependentsOf(target.Item.Uid) : [];
        var plan = CollectionPlanner.Compute(new CollectionObserved
        {
            Item = target.Item, Owners = owners,
            Dependents = [.. here.Select(static d => d.Item), .. there.Select(static d => d.Item)],
        });
        return await ApplyAsync(plan, target, here, there, cancellationToken);
    }

    private async Task<bool> ApplyAsync(
        CollectionPlan plan, AggregatedObject target, List<(ResourceName Resource, ResourceObject Item)> here,
        IReadOnlyList<AggregatedObject> there, CancellationToken cancellationToken)
    {
        switch (plan.Step)
        {
            case CollectionStep.Delete when plan.Unblocks && target.Item.Metadata.Owners.Any(
                static o => o.BlocksOwnerDeletion):
                // It is deleted in the next round: it has another version now.
                await _objects.UnblockAsync(target, cancellationToken);
                return true;
            case CollectionStep.Delete:
                await _objects.DeleteAsync(target, plan.Policy, cancellationToken);
                return true;
            case CollectionStep.Unlink when target.Resource.Verbs.Contains("patch"):
                await _objects.RemoveOwnersAsync(target, plan.Unlink, cancellationToken);
                return true;
            case CollectionStep.WaitForDependents:
                foreach (var (resource, item) in here)
                {
                    enqueue(new ObjectAddress(resource, item.Key));
                }

                return false;
            case CollectionStep.FinishForeground:
                await _objects.RemoveFinalizerAsync(
                    target, CollectionPlanner.ForegroundFinalizer, cancellationToken);
                return true;
            case CollectionStep.OrphanDependents:
                foreach (var (resource, item) in here)
                {
                    await Ownership.RemoveOwnersAsync(client, resource, item, [target.Item.Uid], cancellationToken);
                }

                foreach (var dependent in there)
                {
                    await _objects.RemoveOwnersAsync(dependent, [target.Item.Uid], cancellationToken);
                }

                await _objects.RemoveFinalizerAsync(target, CollectionPlanner.OrphanFinalizer, cancellationToken);
                return true;
            default:
                return false;
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "an aggregated API cannot be looked through for garbage now: {Error}")]
    private static partial void LogFailed(ILogger logger, string error);
}
