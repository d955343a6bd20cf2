using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// ResourceClaims, and which devices are given away: those of claims as they are stored, and those of decisions whose
/// claims are being written. A decision counts until its claim is seen with devices, so that none is given twice
/// meanwhile.
/// </summary>
public sealed class DeviceClaimTable : IObjectTable
{
    private readonly Dictionary<ObjectKey, Stored> _claims = [];
    private readonly Dictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly Dictionary<DeviceId, int> _users = [];
    private readonly SharedDevices _shared = new();

    public Resourcev1ResourceClaim? Find(ObjectKey key) => _claims.GetValueOrDefault(key)?.Claim;

    public bool IsAllocated(DeviceId device) => _users.ContainsKey(device);

    /// <summary>What is given away of a device's capacity; null when nobody has a part of it.</summary>
    public IReadOnlyDictionary<string, Quantity>? PartsOf(DeviceId device) => _shared.PartsOf(device);

    /// <summary>Devices were decided on for the claim, and it is not known yet that it has them.</summary>
    public bool IsPending(string uid) => _pending.ContainsKey(uid);

    /// <inheritdoc/>
    void IObjectTable.Apply(ChangeKind kind, ResourceObject item) => Apply(kind, item);

    /// <summary>True when devices have become free.</summary>
    public bool Apply(ChangeKind kind, ResourceObject item)
    {
        if (kind == ChangeKind.Deleted)
        {
            return _claims.TryGetValue(item.Key, out var gone) && gone.Revision <= item.Revision && Remove(item.Key);
        }

        return (!_claims.TryGetValue(item.Key, out var known) || known.Revision < item.Revision) && Store(item);
    }

    /// <summary>A claim as a write has answered it, which its change is still to tell.</summary>
    public void Wrote(ResourceObject item)
    {
        if (_claims.TryGetValue(item.Key, out var known) && known.Claim.Metadata.Uid == item.Uid)
        {
            Apply(ChangeKind.Modified, item);
        }
    }

    /// <inheritdoc/>
    public void KeepOnly(IReadOnlySet<ObjectKey> present)
    {
        foreach (var gone in _claims.Keys.Where(k => !present.Contains(k)).ToArray())
        {
            Remove(gone);
        }
    }

    /// <summary>A pod is about to go to a node, and the claim gets devices.</summary>
    public void Assume(PodInfo pod, DeviceChoice choice)
    {
        _pending.Add(choice.Uid, new Pending(pod.Uid, DevicesOf(choice.Allocation!)));
        Count(_pending[choice.Uid].Devices, +1);
    }

    /// <summary>
    /// Writing the claims of a pod has ended; what of them was written, <see cref="Wrote"/> was told. True when devices
    /// have become free by it.
    /// </summary>
    /// <param name="podUid">Whose.</param>
    /// <param name="keepUntil">
    /// When it is not known what was written: when it will be, because changes have arrived by then.
    /// </param>
    public bool Settle(string podUid, DateTimeOffset? keepUntil)
    {
        var isFreed = false;
        foreach (var (uid, pending) in _pending.Where(p => p.Value.PodUid == podUid).ToArray())
        {
            if (keepUntil is null)
            {
                isFreed |= Forget(uid);
            }
            else
            {
                _pending[uid] = pending with { KeepUntil = keepUntil };
            }
        }

        return isFreed;
    }

    /// <summary>True when devices have become free because nothing came of a decision.</summary>
    public bool Expire(DateTimeOffset now)
    {
        var isFreed = false;
        foreach (var (uid, pending) in _pending.Count == 0 ? [] : _pending.ToArray())
        {
            isFreed |= pending.KeepUntil <= now && Forget(uid);
        }

        return isFreed;
    }

    private static List<UsedDevice> DevicesOf(V1AllocationResult? allocation) =>
        [.. (allocation?.Devices?.Results ?? []).Where(r => r.AdminAccess != true).Select(UsedDevice.Of)];

    private bool Store(ResourceObject item)
    {
        var claim = item.As<Resourcev1ResourceClaim>();
        var devices = DevicesOf(claim.Status?.Allocation);
        Count(devices, +1);
        var isFreed = Remove(item.Key, claim.Status?.Allocation is null ? claim.Metadata.Uid : null)
            && devices.Count == 0;
        if (claim.Status?.Allocation is not null)
        {
            Forget(claim.Metadata.Uid);
            if (ExtendedClaims.PodOf(claim) is { } pod)
            {
                Forget(ExtendedClaims.PendingUid(pod));
            }
        }

        _claims.Add(item.Key, new Stored(item.Revision, claim, devices));
        return isFreed;
    }

    /// <param name="key">The claim.</param>
    /// <param name="kept">Its decision stays when this is its uid.</param>
    private bool Remove(ObjectKey key, string? kept = null)
    {
        if (!_claims.Remove(key, out var stored))
        {
            return false;
        }

        Count(stored.Devices, -1);
        var isForgotten = stored.Claim.Metadata.Uid != kept && Forget(stored.Claim.Metadata.Uid);
        return stored.Devices.Count > 0 || isForgotten;
    }

    private bool Forget(string uid)
    {
        if (!_pending.Remove(uid, out var pending))
        {
            return false;
        }

        Count(pending.Devices, -1);
        return true;
    }

    private void Count(List<UsedDevice> devices, int change)
    {
        foreach (var (device, parts) in devices)
        {
            if (parts is not null)
            {
                _shared.Count(device, parts, change);
                continue;
            }

            var count = _users.GetValueOrDefault(device) + change;
            if (count > 0)
            {
                _users[device] = count;
            }
            else
            {
                _users.Remove(device);
            }
        }
    }

    private sealed record Stored(long Revision, Resourcev1ResourceClaim Claim, List<UsedDevice> Devices);

    private sealed record Pending(string PodUid, List<UsedDevice> Devices, DateTimeOffset? KeepUntil = null);
}
