using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Taints;

/// <summary>
/// Which devices throw their users out, and which claims have them. Of a pool only the newest generation of its slices
/// says so. For one thread at a time.
/// </summary>
public sealed class DeviceTaintIndex
{
    private readonly Dictionary<string, Slice> _slices = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Driver, string Pool), HashSet<string>> _pools = [];
    private readonly Dictionary<DeviceId, HashSet<string>> _tainting = [];
    private readonly Dictionary<ObjectKey, Resourcev1ResourceClaim> _claims = [];
    private readonly Dictionary<DeviceId, HashSet<ObjectKey>> _users = [];

    public IEnumerable<ObjectKey> Claims => _claims.Keys;

    public IEnumerable<string> Slices => _slices.Keys;

    /// <summary>The claims that it may matter to.</summary>
    /// <param name="name">The slice's.</param>
    /// <param name="slice">The slice; null when it is gone.</param>
    public IReadOnlyCollection<ObjectKey> SetSlice(string name, V1ResourceSlice? slice)
    {
        var devices = new HashSet<DeviceId>();
        if (_slices.GetValueOrDefault(name) is { } before)
        {
            devices.UnionWith(TaintedIn(before.Pool));
            Forget(name, before);
        }

        if (slice is not null)
        {
            var now = new Slice((slice.Spec.Driver, slice.Spec.Pool.Name), slice.Spec.Pool.Generation, TaintsOf(slice));
            Remember(name, now);
            devices.UnionWith(TaintedIn(now.Pool));
        }

        return [.. devices.SelectMany(d => _users.GetValueOrDefault(d, [])).Distinct()];
    }

    /// <summary>Forgets a claim without devices or users, and one that is gone (null).</summary>
    public void SetClaim(ObjectKey key, Resourcev1ResourceClaim? claim)
    {
        if (_claims.Remove(key, out var old))
        {
            foreach (var device in DevicesOf(old))
            {
                Take(_users, device, key);
            }
        }

        if (claim?.Status is { Allocation: not null, ReservedFor.Count: > 0 })
        {
            _claims[key] = claim;
            foreach (var device in DevicesOf(claim))
            {
                Add(_users, device, key);
            }
        }
    }

    /// <summary>The claim, when it has devices and users.</summary>
    public Resourcev1ResourceClaim? Find(ObjectKey key) => _claims.GetValueOrDefault(key);

    /// <summary>The slices that taint its devices.</summary>
    public IReadOnlyList<string> Tainting(ObjectKey key) => !_claims.TryGetValue(key, out var claim) ? []
        : [.. DevicesOf(claim).SelectMany(d => _tainting.GetValueOrDefault(d, [])).Distinct()];

    /// <summary>When the users of a claim must go; null when they may stay.</summary>
    public DateTimeOffset? DueAt(ObjectKey key, DateTimeOffset now)
    {
        DateTimeOffset? due = null;
        foreach (var result in _claims.GetValueOrDefault(key)?.Status.Allocation.Devices?.Results ?? [])
        {
            var device = new DeviceId(result.Driver, result.Pool, result.Device);
            var newest = _tainting.GetValueOrDefault(device, []).Select(s => _slices[s]).Where(IsNewest);
            foreach (var taint in newest.SelectMany(s => s.Taints[device]))
            {
                var at = DueAt(result.Tolerations ?? [], taint, now);
                due = at is null || due < at ? due : at;
            }
        }

        return due;
    }

    private bool IsNewest(Slice slice) =>
        slice.Generation == _pools[slice.Pool].Max(name => _slices[name].Generation);

    private IEnumerable<DeviceId> TaintedIn((string Driver, string Pool) pool) =>
        _pools[pool].SelectMany(name => _slices[name].Taints.Select(static d => d.Key));

    private void Remember(string name, Slice slice)
    {
        _slices[name] = slice;
        Add(_pools, slice.Pool, name);
        foreach (var device in slice.Taints)
        {
            Add(_tainting, device.Key, name);
        }
    }

    private void Forget(string name, Slice slice)
    {
        _slices.Remove(name);
        Take(_pools, slice.Pool, name);
        foreach (var device in slice.Taints)
        {
            Take(_tainting, device.Key, name);
        }
    }

    private static DateTimeOffset? DueAt(
        IList<V1DeviceToleration> tolerations, V1DeviceTaint taint, DateTimeOffset now)
    {
        var since = taint.TimeAdded is { } added ? new DateTimeOffset(added.ToUniversalTime()) : now;
        var tolerating = tolerations.Where(t => DeviceTaints.Tolerates(t, taint)).ToList();
        return tolerating.Count == 0 ? since
            : tolerating.Min(t => t.TolerationSeconds) is { } seconds ? Periods.After(since, seconds)
            : null;
    }

    private static IEnumerable<DeviceId> DevicesOf(Resourcev1ResourceClaim claim) =>
        (claim.Status.Allocation.Devices?.Results ?? []).Select(r => new DeviceId(r.Driver, r.Pool, r.Device));

    private static ILookup<DeviceId, V1DeviceTaint> TaintsOf(V1ResourceSlice slice) =>
        (from device in slice.Spec.Devices ?? []
         from taint in device.Taints ?? []
         where taint.Effect == "NoExecute"
         select (Id: new DeviceId(slice.Spec.Driver, slice.Spec.Pool.Name, device.Name), Taint: taint))
        .ToLookup(t => t.Id, t => t.Taint);

    private static void Add<TKey, T>(Dictionary<TKey, HashSet<T>> index, TKey key, T item)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var items))
        {
            index[key] = items = [];
        }

        items.Add(item);
    }

    private static void Take<TKey, T>(Dictionary<TKey, HashSet<T>> index, TKey key, T item)
        where TKey : notnull
    {
        if (index.TryGetValue(key, out var items) && items.Remove(item) && items.Count == 0)
        {
            index.Remove(key);
        }
    }

    /// <summary>What a slice says of its devices.</summary>
    /// <param name="Pool">The pool that it is a part of.</param>
    /// <param name="Generation">Of that pool.</param>
    /// <param name="Taints">Those that throw users out, by device.</param>
    private sealed record Slice(
        (string Driver, string Pool) Pool, long Generation, ILookup<DeviceId, V1DeviceTaint> Taints);
}
