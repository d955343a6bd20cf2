using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// A node with the sum of what is on it: pods that are bound, and pods that the scheduler assumes bound.
/// <see cref="Version"/> moves with
/// everything that a filter or score can see, so results may be kept for as long as it stands still.
/// </summary>
public sealed class NodeInfo(string name, VersionClock clock)
{
    private readonly UsedPorts _usedPorts = new();
    private long[] _scalarAllocatable = [];
    private long[] _scalarRequested = [];

    public string Name { get; } = name;

    /// <summary>Place in the <see cref="NodeTable"/>.</summary>
    public int Slot { get; init; }

    /// <summary>As it is stored, where somebody else is asked about nodes; null otherwise.</summary>
    public ResourceObject? Object { get; internal set; }

    /// <summary>False while only pods mention the node.</summary>
    public bool Exists { get; private set; }

    public long Version { get; private set; } = clock.Next();

    public IReadOnlyDictionary<string, string> Labels { get; private set; } = new Dictionary<string, string>();

    public Taint[] Taints { get; private set; } = [];

    public bool IsUnschedulable { get; private set; }

    /// <summary>What its agent says it knows beside what all do.</summary>
    public string[] DeclaredFeatures { get; private set; } = [];

    public long AllocatableMilliCpu { get; private set; }

    public long AllocatableMemoryBytes { get; private set; }

    public long AllocatableEphemeralStorageBytes { get; private set; }

    public long AllocatablePods { get; private set; }

    public int PodCount { get; private set; }

    /// <summary>The pods themselves, as far as <see cref="PlacedPods"/> was told.</summary>
    internal List<PodInfo> Pods { get; } = [];

    public long RequestedMilliCpu { get; private set; }

    public long RequestedMemoryBytes { get; private set; }

    public long RequestedEphemeralStorageBytes { get; private set; }

    public long ScoringMilliCpu { get; private set; }

    public long ScoringMemoryBytes { get; private set; }

    /// <summary>Sizes in bytes of the images that the node has, by name.</summary>
    public Dictionary<string, long> Images { get; private set; } = [];

    /// <summary>Its label; empty without.</summary>
    public string TopologyZone { get; private set; } = "";

    /// <summary>True with a label for its host name.</summary>
    public bool HasHostname { get; private set; }

    /// <summary><c>region:zone</c> from the well-known labels; empty without.</summary>
    public string Zone { get; private set; } = "";

    public long AllocatableScalar(int resource) =>
        resource < _scalarAllocatable.Length ? _scalarAllocatable[resource] : 0;

    public long RequestedScalar(int resource) => resource < _scalarRequested.Length ? _scalarRequested[resource] : 0;

    /// <summary>True when none of these ports is taken.</summary>
    public bool HasFreePorts(HostPort[] wanted)
    {
        foreach (var port in wanted)
        {
            if (!_usedPorts.IsFree(port))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// As it is now, with what pods request of it. The pods themselves and their ports stay those of this one.
    /// </summary>
    internal NodeInfo Copy()
    {
        var copy = (NodeInfo)MemberwiseClone();
        copy._scalarRequested = [.. _scalarRequested];
        return copy;
    }

    /// <summary>
    /// Takes over a version of the Node; what changed that pods may wait for, as which upstream does not count
    /// cordoning.
    /// </summary>
    public ClusterChanges Update(ResourceObject node, ScalarResources scalars)
    {
        using var document = JsonDocument.Parse(node.Json);
        var spec = PodShapeParser.Property(document.RootElement, "spec");
        var taints = PodShapeParser.Items(spec, "taints").Select(ReadTaint).ToArray();
        var unschedulable = PodShapeParser.Property(spec, "unschedulable")?.ValueKind == JsonValueKind.True;
        var status = PodShapeParser.Property(document.RootElement, "status");
        var hasOtherAmounts = SetAllocatable(
            PodRequestsCalculator.Read(PodShapeParser.Property(status, "allocatable") ?? PodShapeParser.Property(status, "capacity")), scalars);
        Images = ReadImages(status);
        var features = ReadFeatures(status);
        var labels = node.Metadata.Labels;
        var changes = Exists
            ? If(hasOtherAmounts, ClusterChanges.NodeAllocatable)
                | If(!Maps.Same(labels, Labels), ClusterChanges.NodeLabels)
                | If((IsUnschedulable && !unschedulable) || !taints.SequenceEqual(Taints), ClusterChanges.NodeTaints)
                | If(!features.SequenceEqual(DeclaredFeatures), ClusterChanges.NodeFeatures)
            : ClusterChanges.NodeAdded;
        if (changes == ClusterChanges.None && unschedulable == IsUnschedulable)
        {
            return changes;
        }

        Exists = true;
        IsUnschedulable = unschedulable;
        Taints = taints;
        DeclaredFeatures = features;
        Labels = labels;
        Zone = ReadZone(labels);
        TopologyZone = labels.GetValueOrDefault("topology.kubernetes.io/zone", "");
        HasHostname = labels.ContainsKey("kubernetes.io/hostname");
        Version = clock.Next();
        return changes;

        static ClusterChanges If(bool isSo, ClusterChanges change) => isSo ? change : ClusterChanges.None;
    }

    /// <summary>The Node was deleted; pods may still be accounted to its name.</summary>
    public void Remove()
    {
        Exists = false;
        Object = null;
        Images = [];
        Version = clock.Next();
    }

    public void AddPod(PodShape pod) => Account(pod, 1);

    public void RemovePod(PodShape pod)
    {
        Invariant.Check(PodCount > 0, "a node never has fewer than no pods", Name);
        Account(pod, -1);
    }

    /// <summary>Pods were put here or taken off for a trial only, and all is as it was at that version.</summary>
    internal void Restore(long version) => Version = version;

    private void Account(PodShape pod, int sign)
    {
        var requests = pod.Requests;
        PodCount += sign;
        RequestedMilliCpu += sign * requests.MilliCpu;
        RequestedMemoryBytes += sign * requests.MemoryBytes;
        RequestedEphemeralStorageBytes += sign * requests.EphemeralStorageBytes;
        ScoringMilliCpu += sign * requests.ScoringMilliCpu;
        ScoringMemoryBytes += sign * requests.ScoringMemoryBytes;
        foreach (var (resource, amount) in requests.Scalars)
        {
            Grow(ref _scalarRequested, resource);
            _scalarRequested[resource] += sign * amount;
        }

        foreach (var port in pod.HostPorts)
        {
            _usedPorts.Count(port, sign);
        }

        Version = clock.Next();
    }

    private bool SetAllocatable(Dictionary<string, long> amounts, ScalarResources scalars)
    {
        var before = (AllocatableMilliCpu, AllocatableMemoryBytes, AllocatableEphemeralStorageBytes, AllocatablePods);
        AllocatableMilliCpu = Take("cpu");
        AllocatableMemoryBytes = Take("memory");
        AllocatableEphemeralStorageBytes = Take("ephemeral-storage");
        AllocatablePods = Take("pods");
        var values = new long[scalars.Count + amounts.Count];
        foreach (var (name, amount) in amounts)
        {
            var index = scalars.IndexOf(name);
            Grow(ref values, index);
            values[index] = amount;
        }

        var changed =
            before != (AllocatableMilliCpu, AllocatableMemoryBytes, AllocatableEphemeralStorageBytes, AllocatablePods)
            || !values.AsSpan().TrimEnd(0).SequenceEqual(_scalarAllocatable.AsSpan().TrimEnd(0));
        _scalarAllocatable = values;
        return changed;

        long Take(string name) => amounts.Remove(name, out var amount) ? amount : 0;
    }

    private static void Grow(ref long[] values, int index)
    {
        if (index >= values.Length)
        {
            Array.Resize(ref values, index + 1);
        }
    }

    private static Dictionary<string, long> ReadImages(JsonElement? status)
    {
        var images = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var image in PodShapeParser.Items(status, "images"))
        {
            var size = PodShapeParser.Property(image, "sizeBytes")?.GetInt64() ?? 0;
            if (PodShapeParser.Property(image, "names") is { ValueKind: JsonValueKind.Array } names)
            {
                foreach (var name in names.EnumerateArray())
                {
                    images[name.GetString() ?? ""] = size;
                }
            }
        }

        return images;
    }

    private static string[] ReadFeatures(JsonElement? status) =>
        PodShapeParser.Property(status, "declaredFeatures") is { ValueKind: JsonValueKind.Array } features
            ? [.. features.EnumerateArray().Select(static f => f.GetString() ?? "")]
            : [];

    private static Taint ReadTaint(JsonElement item) => new(
        PodShapeParser.Text(item, "key"), PodShapeParser.Text(item, "value"), PodShapeParser.Text(item, "effect"));

    private static string ReadZone(IReadOnlyDictionary<string, string> labels) =>
        labels.GetValueOrDefault("topology.kubernetes.io/region") + ":" + labels.GetValueOrDefault(
            "topology.kubernetes.io/zone");
}

/// <summary>Hands out versions that are never the same for two nodes, nor for two states of one.</summary>
public sealed class VersionClock
{
    private long _last;

    public long Next() => ++_last;
}
