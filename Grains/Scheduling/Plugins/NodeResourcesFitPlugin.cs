using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// The node must have what the pod requests; prefers nodes that have the most left, unless told otherwise.
/// </summary>
/// <param name="scalars">Names of extended resources.</param>
/// <param name="devices">Classes of devices, which stand in for resources that a node has none of.</param>
/// <param name="scoring">Which nodes are preferred; null for those that have the most left.</param>
/// <param name="ignored">What nodes need not have; null for nothing.</param>
public sealed class NodeResourcesFitPlugin(
    ScalarResources scalars, DeviceTable? devices = null, ResourceScoring? scoring = null,
    IgnoredResources? ignored = null)
    : IFilterPlugin, IScorePlugin
{
    public const string PluginName = "NodeResourcesFit";

    private readonly IgnoredResources? _ignored = ignored is { IsEmpty: false } ? ignored : null;
    private readonly ResourceScorer _scorer = new(scoring ?? ResourceScoring.Default, scalars);
    private readonly Dictionary<string, Verdict> _verdicts = new(StringComparer.Ordinal);

    public string Name => PluginName;

    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.NodeAllocatable | ClusterChanges.PodGone;

    public int Weight => 1;

    public ScoreScale Scale => ScoreScale.None;

    public Verdict? Filter(PodInfo pod, NodeInfo node)
    {
        var requests = pod.Shape.Requests;
        var fits = node.PodCount + 1 <= node.AllocatablePods
            && Lacks(requests.MilliCpu, node.AllocatableMilliCpu, node.RequestedMilliCpu) == Shortage.None
            && Lacks(requests.MemoryBytes, node.AllocatableMemoryBytes, node.RequestedMemoryBytes) == Shortage.None
            && Lacks(
                requests.EphemeralStorageBytes,
                node.AllocatableEphemeralStorageBytes,
                node.RequestedEphemeralStorageBytes)
                == Shortage.None;
        foreach (var (resource, amount) in requests.Scalars)
        {
            fits &= Lacks(amount, node.AllocatableScalar(resource), node.RequestedScalar(resource)) == Shortage.None
                || IsLeftToOthers(resource, node);
        }

        return fits ? null : Explain(requests, node);
    }

    public bool IsHelpedBy(PodChange change, PodInfo old, PodInfo pod) => change == PodChange.ScaledDown;

    /// <summary>More of what the pod requests helps although there was enough: nominated pods may want it.</summary>
    public bool MindsChange(PodInfo pod, NodeInfo before, NodeInfo node)
    {
        var requests = pod.Shape.Requests;
        return node.AllocatablePods > before.AllocatablePods
            || (requests.MilliCpu > 0 && node.AllocatableMilliCpu > before.AllocatableMilliCpu)
            || (requests.MemoryBytes > 0 && node.AllocatableMemoryBytes > before.AllocatableMemoryBytes)
            || (requests.EphemeralStorageBytes > 0
                && node.AllocatableEphemeralStorageBytes > before.AllocatableEphemeralStorageBytes)
            || requests.Scalars.Any(
                r => r.Amount > 0 && node.AllocatableScalar(r.Resource) > before.AllocatableScalar(r.Resource))
            || Filter(pod, before) is not null;
    }

    public int Score(PodShape pod, NodeInfo node) => _scorer.Score(pod.Requests, node);

    private Verdict Explain(PodRequests requests, NodeInfo node)
    {
        var reasons = new List<string>();
        var isResolvable = true;
        if (node.PodCount + 1 > node.AllocatablePods)
        {
            reasons.Add("Too many pods");
        }

        Check("cpu", requests.MilliCpu, node.AllocatableMilliCpu, node.RequestedMilliCpu);
        Check("memory", requests.MemoryBytes, node.AllocatableMemoryBytes, node.RequestedMemoryBytes);
        Check(
            "ephemeral-storage",
            requests.EphemeralStorageBytes,
            node.AllocatableEphemeralStorageBytes,
            node.RequestedEphemeralStorageBytes);
        foreach (var (resource, amount) in requests.Scalars)
        {
            if (!IsLeftToOthers(resource, node))
            {
                Check(scalars.Name(resource), amount, node.AllocatableScalar(resource), node.RequestedScalar(resource));
            }
        }

        return Share(reasons, isResolvable);

        void Check(string name, long wanted, long allocatable, long requested)
        {
            var shortage = Lacks(wanted, allocatable, requested);
            if (shortage != Shortage.None)
            {
                reasons.Add($"Insufficient {name}");
                isResolvable &= shortage != Shortage.Forever;
            }
        }
    }

    private bool IsLeftToOthers(int resource, NodeInfo node) =>
        AreDevices(resource, node) || _ignored?.Contains(scalars.Name(resource)) == true;

    /// <summary>Whether there are enough of them, another plugin says.</summary>
    private bool AreDevices(int resource, NodeInfo node) =>
        devices is not null && node.AllocatableScalar(resource) == 0
        && devices.ClassFor(scalars.Name(resource)) is not null;

    private Verdict Share(List<string> reasons, bool isResolvable)
    {
        var key = (isResolvable ? "1" : "0") + string.Join(',', reasons);
        if (!_verdicts.TryGetValue(key, out var verdict))
        {
            verdict = new Verdict(Name, isResolvable, reasons);
            _verdicts.Add(key, verdict);
        }

        return verdict;
    }

    private static Shortage Lacks(long wanted, long allocatable, long requested) =>
        wanted == 0 || wanted <= allocatable - requested ? Shortage.None
        : wanted > allocatable ? Shortage.Forever
        : Shortage.ForNow;

    private enum Shortage
    {
        None,

        /// <summary>Other pods occupy it.</summary>
        ForNow,

        /// <summary>The node never has so much.</summary>
        Forever,
    }
}
