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
    private readonly Dictionary<ResourceName, Dictionary<ObjectKey, object>> _tables;
    private readonly Dictionary<ObjectKey, int> _users = [];
    private readonly Dictionary<string, Dictionary<ObjectKey, int>> _byNode = new(StringComparer.Ordinal);

    public VolumeTable() =>
        _tables = Readers.Keys.ToDictionary(static r => r, static _ => new Dictionary<ObjectKey, object>());

    /// <summary>What the table follows.</summary>
    public static IReadOnlyList<ResourceName> Resources => [.. Readers.Keys];

    public IEnumerable<V1PersistentVolume> Volumes =>
        _tables[WellKnown.PersistentVolumes].Values.Cast<V1PersistentVolume>();

    public IEnumerable<V1CSIStorageCapacity> Capacities =>
        _tables[WellKnown.CsiStorageCapacities].Values.Cast<V1CSIStorageCapacity>();

    private static Dictionary<ResourceName, Func<ResourceObject, object>> Readers { get; } = new()
    {
        [WellKnown.PersistentVolumeClaims] = static o => o.As<V1PersistentVolumeClaim>(),
        [WellKnown.PersistentVolumes] = static o => o.As<V1PersistentVolume>(),
        [WellKnown.StorageClasses] = static o => o.As<V1StorageClass>(),
        [WellKnown.CsiNodes] = static o => o.As<V1CSINode>(),
        [WellKnown.CsiDrivers] = static o => o.As<V1CSIDriver>(),
        [WellKnown.CsiStorageCapacities] = static o => o.As<V1CSIStorageCapacity>(),
    };

    public V1PersistentVolumeClaim? Claim(ObjectKey key) =>
        Find<V1PersistentVolumeClaim>(WellKnown.PersistentVolumeClaims, key);

    public V1PersistentVolume? Volume(string name) =>
        Find<V1PersistentVolume>(WellKnown.PersistentVolumes, Named(name));

    public V1CSIDriver? Driver(string name) => Find<V1CSIDriver>(WellKnown.CsiDrivers, Named(name));

    public V1CSINode? CsiNode(string name) => Find<V1CSINode>(WellKnown.CsiNodes, Named(name));

    /// <summary>The claim's class; null when it has none, or one that does not exist.</summary>
    public V1StorageClass? ClassOf(V1PersistentVolumeClaim claim) =>
        Find<V1StorageClass>(WellKnown.StorageClasses, Named(VolumeMatch.ClassOf(claim)));

    /// <summary>True when a pod on some node uses the claim.</summary>
    public bool IsInUse(ObjectKey claim) => _users.ContainsKey(claim);

    /// <summary>The claims that pods of a node use, each once.</summary>
    public IEnumerable<ObjectKey> ClaimsOn(string node) =>
        _byNode.TryGetValue(node, out var claims) ? claims.Keys : [];

    /// <summary>Counts a pod that came to a node, or left it.</summary>
    public void Count(PodInfo pod, string node, int change)
    {
        foreach (var claim in pod.Claims)
        {
            Count(_users, claim.Key(pod), change);
            if (!_byNode.TryGetValue(node, out var claims))
            {
                _byNode[node] = claims = [];
            }

            Count(claims, claim.Key(pod), change);
            if (claims.Count == 0)
            {
                _byNode.Remove(node);
            }
        }
    }

    public void Apply(ResourceName resource, ChangeKind kind, ResourceObject item)
    {
        if (kind == ChangeKind.Deleted)
        {
            _tables[resource].Remove(item.Key);
        }
        else
        {
            _tables[resource][item.Key] = Readers[resource](item);
        }
    }

    /// <summary>After a gap in the stream of changes: forgets what is no longer there.</summary>
    public void KeepOnly(ResourceName resource, IReadOnlySet<ObjectKey> present)
    {
        foreach (var gone in _tables[resource].Keys.Where(k => !present.Contains(k)).ToArray())
        {
            _tables[resource].Remove(gone);
        }
    }

    private static ObjectKey Named(string name) => new("", name);

    private T? Find<T>(ResourceName resource, ObjectKey key)
        where T : class => (T?)_tables[resource].GetValueOrDefault(key);

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
