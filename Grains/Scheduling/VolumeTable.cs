using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Claims, volumes and what storage says of itself, as the scheduler knows them, and which claims are in use where.
/// </summary>
public sealed class VolumeTable
{
    private readonly ObjectTable<V1PersistentVolumeClaim> _claims = new(static o => o.As<V1PersistentVolumeClaim>());
    private readonly ObjectTable<V1PersistentVolume> _volumes = new(static o => o.As<V1PersistentVolume>());

    private readonly ObjectTable<V1StorageClass> _classes =
        new(static o => o.As<V1StorageClass>(), VolumeChanges.MayHelp);

    private readonly ObjectTable<V1CSINode> _csiNodes =
        new(static o => o.As<V1CSINode>(), VolumeChanges.MayHelp);

    private readonly ObjectTable<V1CSIDriver> _drivers =
        new(static o => o.As<V1CSIDriver>(), VolumeChanges.MayHelp);

    private readonly ObjectTable<V1CSIStorageCapacity> _capacities =
        new(static o => o.As<V1CSIStorageCapacity>(), VolumeChanges.MayHelp);

    private readonly AttachedVolumes _attached = new();
    private readonly Dictionary<ObjectKey, int> _users = [];
    private readonly Dictionary<string, Dictionary<ObjectKey, int>> _byNode = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<DiskUse, int>> _disks = new(StringComparer.Ordinal);

    /// <summary>What the table is made of.</summary>
    public IEnumerable<(ResourceName Resource, IObjectTable Table, ClusterChanges Change)> Tables =>
    [
        (WellKnown.PersistentVolumeClaims, _claims, ClusterChanges.VolumeClaim),
        (WellKnown.PersistentVolumes, _volumes, ClusterChanges.Volume),
        (WellKnown.StorageClasses, _classes, ClusterChanges.StorageClass),
        (WellKnown.CsiNodes, _csiNodes, ClusterChanges.CsiNode),
        (WellKnown.CsiDrivers, _drivers, ClusterChanges.StorageCapacity),
        (WellKnown.CsiStorageCapacities, _capacities, ClusterChanges.StorageCapacity),
    ];

    /// <summary>The table that makes room only by what goes from it.</summary>
    public (ResourceName Resource, IObjectTable Table) Attachments => (WellKnown.VolumeAttachments, _attached);

    public IEnumerable<V1PersistentVolume> Volumes => _volumes.All;

    public IEnumerable<V1CSIStorageCapacity> Capacities => _capacities.All;

    public V1PersistentVolumeClaim? Claim(ObjectKey key) => _claims.Find(key);

    public V1PersistentVolume? Volume(string name) => _volumes.Find(name);

    public V1CSIDriver? Driver(string name) => _drivers.Find(name);

    public V1CSINode? CsiNode(string name) => _csiNodes.Find(name);

    /// <summary>The claim's class; null when it has none, or one that does not exist.</summary>
    public V1StorageClass? ClassOf(V1PersistentVolumeClaim claim) => _classes.Find(VolumeMatch.ClassOf(claim));

    /// <summary>True when a pod on some node uses the claim.</summary>
    public bool IsInUse(ObjectKey claim) => _users.ContainsKey(claim);

    /// <summary>The claims that pods of a node use, each once.</summary>
    public IEnumerable<ObjectKey> ClaimsOn(string node) =>
        _byNode.TryGetValue(node, out var claims) ? claims.Keys : [];

    /// <summary>What is attached to a node, used or not.</summary>
    public IEnumerable<AttachedVolume> AttachedTo(string node) => _attached.On(node);

    /// <summary>True when pods of a node have a disk such that nobody else may have it in the wanted way.</summary>
    public bool IsTaken(DiskUse disk, string node) => _disks.TryGetValue(node, out var disks)
        && (disks.ContainsKey(disk with { IsReadOnly = false })
            || (!disk.IsReadOnly && disks.ContainsKey(disk with { IsReadOnly = true })));

    /// <summary>
    /// From here on volumes and claims are seen as they will be when what was chosen for a pod is written, so that the
    /// next pod chooses others.
    /// </summary>
    public void Assume(IReadOnlyList<VolumeChoice> choices, string node)
    {
        foreach (var choice in choices)
        {
            if (Claim(choice.Claim) is not { } claim)
            {
                continue;
            }

            if (choice.Volume is not { } name)
            {
                var selected = Copy(claim);
                selected.SetAnnotation(VolumeAnnotations.SelectedNode, node);
                _claims.Assume(choice.Claim, selected);
            }
            else if (Volume(name) is { } volume && Copy(volume) is var reserved
                && VolumeBinding.Reserve(reserved, claim))
            {
                _volumes.Assume(new ObjectKey("", name), reserved);
            }
        }
    }

    /// <summary>What was chosen is not to be: true when something is as it was before by that.</summary>
    public bool Restore(VolumeChoice choice) => choice.Volume is { } name
        ? _volumes.Restore(new ObjectKey("", name))
        : _claims.Restore(choice.Claim);

    /// <summary>Counts a pod that came to a node, or left it.</summary>
    public void Count(PodInfo pod, string node, int change)
    {
        foreach (var claim in pod.Claims)
        {
            Count(_users, claim.Key(pod), change);
            Count(_byNode, node, claim.Key(pod), change);
        }

        foreach (var disk in pod.Disks)
        {
            Count(_disks, node, disk, change);
        }
    }

    private static T Copy<T>(T item)
        where T : class => ResourceCodec.Decode<T>(ResourceCodec.Encode(item));

    private static void Count<T>(Dictionary<string, Dictionary<T, int>> byNode, string node, T user, int change)
        where T : notnull
    {
        if (!byNode.TryGetValue(node, out var users))
        {
            byNode[node] = users = [];
        }

        Count(users, user, change);
        if (users.Count == 0)
        {
            byNode.Remove(node);
        }
    }

    private static void Count<T>(Dictionary<T, int> users, T user, int change)
        where T : notnull
    {
        var count = users.GetValueOrDefault(user) + change;
        if (count > 0)
        {
            users[user] = count;
        }
        else
        {
            users.Remove(user);
        }
    }
}
