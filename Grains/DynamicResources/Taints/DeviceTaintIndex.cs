using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Taints;

/// <summary>Which devices throw their users out, and which claims have them. For one thread at a time.</summary>
public sealed class DeviceTaintIndex
{
    private readonly Dictionary<string, ILookup<DeviceId, V1DeviceTaint>> _slices = new(StringComparer.Ordinal);
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
        var before = _slices.GetValueOrDefault(name);
        var taints = TaintsOf(slice);
        foreach (var gone in before?.Select(d => d.Key) ?? [])
        {
            Take(_tainting, gone, name);
        }

        if (taints.Count == 0)
        {
            _slices.Remove(name);
        }
        else
        {
            _slices[name] = taints;
        }

        foreach (var device in taints.Select(d => d.Key))
        {
            Add(_tainting, device, name);
        }

        return
        [
            .. taints.Select(d => d.Key).Concat(before?.Select(d => d.Key) ?? []).Distinct()
                .SelectMany(d => _users.GetValueOrDefault(d, [])).Distinct(),
        ];
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
            foreach (var taint in _tainting.GetValueOrDefault(device, []).SelectMany(s => _slices[s][device]))
            {
                var at = DueAt(result.Tolerations ?? [], taint, now);
                due = at is null || due < at ? due : at;
            }
        }

        return due;
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

    private static ILookup<DeviceId, V1DeviceTaint> TaintsOf(V1ResourceSlice? slice) =>
        (from device in slice?.Spec.Devices ?? []
         from taint in device.Taints ?? []
         where taint.Effect == "NoExecute"
         select (Id: new DeviceId(slice!.Spec.Driver, slice.Spec.Pool.Name, device.Name), Taint: taint))
        .ToLookup(t => t.Id, t => t.Taint);

    private static void Add<T>(Dictionary<DeviceId, HashSet<T>> index, DeviceId device, T item)
    {
        if (!index.TryGetValue(device, out var items))
        {
            index[device] = items = [];
        }

        items.Add(item);
    }

    private static void Take<T>(Dictionary<DeviceId, HashSet<T>> index, DeviceId device, T item)
    {
        if (index.TryGetValue(device, out var items) && items.Remove(item) && items.Count == 0)
        {
            index.Remove(device);
        }
    }
}
