using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Taints;

/// <summary>
/// Deletes pods that use devices with NoExecute taints which their claims do not tolerate, or no longer. It keeps who
/// has which device, and looks again when the time comes, so that a taint that went away in time saves the pod.
/// </summary>
public sealed class DeviceTaintEvictionController : IController
{
    public const string Name = "device-taint-eviction-controller";

    /// <summary>Reason of the events.</summary>
    private const string Evicting = "DeviceTaintManagerEviction";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly DeviceTaintIndex _index = new();
    private readonly ILogger _logger;
    private readonly RetryQueue<ObjectKey> _queue;

    /// <summary>By claim.</summary>
    private readonly ScheduledEvictions<ObjectKey> _evictions = new();

    public DeviceTaintEvictionController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(Name));
        _events = services.Events.For(Name);
        _options = services.Options;
        _time = services.Time;
        _logger = services.Logger<DeviceTaintEvictionController>();
        _queue = new RetryQueue<ObjectKey>(FirstRetry, LongestRetry, _time);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [
            token => FollowAsync(WellKnown.ResourceSlices, TakeSlice, token),
            token => FollowAsync(WellKnown.ResourceClaims, TakeClaim, token),
            token => FollowAsync(WellKnown.Pods, TakePod, token),
            token => _queue.RunAsync(1, WorkAsync, Failures.Teller<ObjectKey>(_logger, Name), token),
        ],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var slices = await _client.ListAsync<V1ResourceSlice>(ResourceOf<V1ResourceSlice>.Query(), cancellationToken);
        var claims = await _client.ListAsync<Resourcev1ResourceClaim>(
            ResourceOf<Resourcev1ResourceClaim>.Query(), cancellationToken);
        ObjectKey[] known;
        lock (_lock)
        {
            foreach (var gone in _index.Slices.Except(slices.Select(s => s.Metadata.Name)).ToArray())
            {
                _index.SetSlice(gone, null);
            }

            foreach (var slice in slices)
            {
                _index.SetSlice(slice.Metadata.Name, slice);
            }

            foreach (var gone in _index.Claims.Except(claims.Select(c => c.Key())).ToArray())
            {
                _index.SetClaim(gone, null);
            }

            foreach (var claim in claims)
            {
                _index.SetClaim(claim.Key(), claim);
            }

            // Claims that vanished unheard have evictions to call off.
            known = [.. _index.Claims.Union(_evictions.Places)];
        }

        var failures = new Failures();
        foreach (var claim in known)
        {
            await failures.TryAsync(() => VisitAsync(claim, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    private async Task FollowAsync(
        ResourceName resource, Func<ResourceChange, IEnumerable<ObjectKey>> take, CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(resource, _options, cancellationToken))
        {
            lock (_lock)
            {
                foreach (var claim in take(change))
                {
                    _queue.Add(claim);
                }
            }
        }
    }

    private IEnumerable<ObjectKey> TakeSlice(ResourceChange change) => _index.SetSlice(
        change.Object.Key.Name, change.Kind == ChangeKind.Deleted ? null : change.Object.As<V1ResourceSlice>());

    private IEnumerable<ObjectKey> TakeClaim(ResourceChange change)
    {
        var key = change.Object.Key;
        _index.SetClaim(key, change.Kind == ChangeKind.Deleted ? null : change.Object.As<Resourcev1ResourceClaim>());
        return _index.DueAt(key, _time.GetUtcNow()) is not null || _evictions.Has(key) ? [key] : [];
    }

    /// <summary>One that got its node after its claim.</summary>
    private IEnumerable<ObjectKey> TakePod(ResourceChange change)
    {
        if (change.Kind == ChangeKind.Deleted || !PodResourceClaims.MayHave(change.Object.Json.Span))
        {
            return [];
        }

        return PodResourceClaims.Named(change.Object.As<V1Pod>())
            .Select(n => new ObjectKey(change.Object.Key.Namespace, n))
            .Where(k => _index.DueAt(k, _time.GetUtcNow()) is not null);
    }

    private async Task<TimeSpan?> WorkAsync(ObjectKey claim, CancellationToken cancellationToken)
    {
        await VisitAsync(claim, cancellationToken);
        return null;
    }

    /// <summary>Deletes the users of the claim if they must go now, and comes again if they must later.</summary>
    private async Task VisitAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        Resourcev1ResourceClaim? claim;
        DateTimeOffset? due;
        lock (_lock)
        {
            (claim, due) = (_index.Find(key), _index.DueAt(key, now));
        }

        if (claim is not null && due <= now)
        {
            (claim, due) = await LookAgainAsync(key, now, cancellationToken);
        }

        if (claim is null || due is not { } time)
        {
            await CallOffAsync(key, [], now, cancellationToken);
            return;
        }

        var users = await UsersAsync(claim, cancellationToken);
        await CallOffAsync(key, users, now, cancellationToken);
        if (time > now)
        {
            users.ForEach(u => _evictions.Add(key, u, time));
            _queue.Add(key, time - now);
            return;
        }

        var failures = new Failures();
        foreach (var user in users.Where(static u => u.Metadata.DeletionTimestamp is null))
        {
            _evictions.Remove(key, user.Key(), now);
            await failures.TryAsync(() => DeleteAsync(user, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    /// <summary>The pods that have the claim's devices on a node.</summary>
    private async Task<List<V1Pod>> UsersAsync(Resourcev1ResourceClaim claim, CancellationToken cancellationToken)
    {
        var users = new List<V1Pod>();
        foreach (var user in claim.Status.ReservedFor.Where(r => r.Resource == "pods"))
        {
            var pod = await ReadAsync<V1Pod>(
                new ObjectKey(claim.Metadata.NamespaceProperty, user.Name), cancellationToken);
            if (pod is not null && pod.Metadata.Uid == user.Uid && !string.IsNullOrEmpty(pod.Spec.NodeName))
            {
                users.Add(pod);
            }
        }

        return users;
    }

    /// <summary>Tells those that were to go, no longer must and are still there that they may stay.</summary>
    private async Task CallOffAsync(
        ObjectKey claim, IEnumerable<V1Pod> leaving, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var pod in _evictions.RemoveOthers(claim, leaving, now))
        {
            var read = await _client.GetAsync(
                WellKnown.Pods, pod.Key(), ReadFreshness.Linearizable, cancellationToken);
            if (read.Succeeded && read.Value.Uid == pod.Metadata.Uid)
            {
                _events.Record(EventNote.Normal(pod, Evicting, "Cancelling deletion"));
            }
        }
    }

    /// <summary>Before somebody goes the source is asked: what was heard of may be over.</summary>
    private async Task<(Resourcev1ResourceClaim? Claim, DateTimeOffset? Due)> LookAgainAsync(
        ObjectKey key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var claim = await ReadAsync<Resourcev1ResourceClaim>(key, cancellationToken);
        string[] names;
        lock (_lock)
        {
            _index.SetClaim(key, claim);
            names = [.. _index.Tainting(key)];
        }

        foreach (var name in names)
        {
            var slice = await ReadAsync<V1ResourceSlice>(new ObjectKey("", name), cancellationToken);
            lock (_lock)
            {
                _index.SetSlice(name, slice);
            }
        }

        lock (_lock)
        {
            return (_index.Find(key), _index.DueAt(key, now));
        }
    }

    private async Task<T?> ReadAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var read = await _client.GetAsync<T>(key, ReadFreshness.Linearizable, cancellationToken);
        return read.OrNull($"eviction from the devices of {key}");
    }

    private async Task DeleteAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        _events.Record(EventNote.Normal(pod, Evicting, "Marking for deletion"));
        var patch = PodDisruption.Patch(
            pod.Metadata.Uid, null, "DeletionByDeviceTaintManager",
            "Device Taint manager: deleting due to NoExecute taint", null, _time.GetUtcNow());
        var evicted = await PodDisruption.EvictAsync(
            _client, pod.Key(), pod.Metadata.Uid, patch, cancellationToken);
        evicted.ThrowIfRefused(
            $"eviction of {pod.Key()}", StatusReasons.NotFound, StatusReasons.Conflict, StatusReasons.Invalid);
    }
}
