using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>What is known of one node's health.</summary>
public sealed record NodeObserved
{
    public required V1Node Node { get; init; }

    /// <summary>
    /// How long nothing has been heard of it, on this controller's own clock: neither Lease nor status changed.
    /// </summary>
    public required TimeSpan Silence { get; init; }

    /// <summary>
    /// It may get a NoExecute taint now: its zone is not in disruption, and not too many were tainted before it.
    /// </summary>
    public required bool MayEvict { get; init; }

    /// <summary>
    /// All nodes of all zones are silent: most likely it is us who are cut off, so nobody is evicted.
    /// </summary>
    public required bool IsEverythingDown { get; init; }
}

/// <summary>What to do with a node.</summary>
public sealed record NodePlan
{
    /// <summary>The conditions to write; null when they stay.</summary>
    public IReadOnlyList<V1NodeCondition>? Conditions { get; init; }

    /// <summary>The taints to write; null when they stay.</summary>
    public IReadOnlyList<V1Taint>? Taints { get; init; }

    /// <summary>A NoExecute taint is added: it counts against the rate of its zone.</summary>
    public bool Evicts { get; init; }

    /// <summary>
    /// Nothing is heard any more of a node that once reported, so its pods do not count as ready. Of one that says
    /// itself that it is not ready they may: its agent knows better.
    /// </summary>
    public bool IsSilent { get; init; }

    /// <summary>What the node says, or is said of it, of being ready.</summary>
    public string? Ready { get; init; }
}

/// <summary>Time limits of node health.</summary>
/// <param name="Grace">Silence that a node may keep.</param>
/// <param name="StartupGrace">Silence of a node that never reported.</param>
public readonly record struct NodeGrace(TimeSpan Grace, TimeSpan StartupGrace);

/// <summary>
/// The decisions of node lifecycle: conditions of silent nodes, and the taints that follow from conditions.
/// </summary>
public static class NodeHealthPlanner
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";

    /// <summary>The reason of conditions of a node that reports no more.</summary>
    private const string Silence = "NodeStatusUnknown";

    /// <summary>Nodes with this label do not count when it is asked how many of a zone are down.</summary>
    private const string ExcludedLabel = "node.kubernetes.io/exclude-disruption";

    private static readonly string[] Reported = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    /// <summary>Taint keys by condition and the status that brings them.</summary>
    private static readonly (string Type, string Status, string Key)[] ConditionTaints =
    [
        ("Ready", "False", NotReady),
        ("Ready", "Unknown", Unreachable),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ];

    private const string UnschedulableKey = "node.kubernetes.io/unschedulable";

    /// <summary>What to write.</summary>
    public static NodePlan Compute(NodeObserved observed, NodeGrace grace, DateTimeOffset now)
    {
        var node = observed.Node;
        var conditions = Silenced(observed, grace, now);
        var ready = StatusOf(conditions ?? node.Status?.Conditions, "Ready");
        var taints = Taints(observed, conditions ?? node.Status?.Conditions ?? [], now);
        var had = HasEviction(node.Spec?.Taints);
        return new NodePlan
        {
            Conditions = conditions,
            Taints = taints,
            Evicts = taints is not null && !had && HasEviction(taints),
            IsSilent = (conditions ?? node.Status?.Conditions)?.Any(
                static c => c.Type == "Ready" && c.Status == "Unknown" && c.Reason == Silence) == true,
            Ready = ready,
        };
    }

    /// <summary>True while a node counts as not ready for its zone.</summary>
    public static bool IsDown(V1Node node) => StatusOf(node.Status?.Conditions, "Ready") is not "True";

    /// <summary>True when two versions of a node differ in something that is decided by: not in heartbeats.</summary>
    public static bool Differ(V1Node before, V1Node now) =>
        before.Metadata.Uid != now.Metadata.Uid
        || before.Spec?.Unschedulable != now.Spec?.Unschedulable
        || IsExcluded(before) != IsExcluded(now)
        || ZoneDisruption.ZoneOf(before) != ZoneDisruption.ZoneOf(now)
        || !Taints(before).SequenceEqual(Taints(now))
        || !Conditions(before).SequenceEqual(Conditions(now));

    /// <summary>True when the node's state says nothing of its zone.</summary>
    public static bool IsExcluded(V1Node node) => node.Metadata.Labels?.ContainsKey(ExcludedLabel) == true;

    private static IEnumerable<(string, string)> Taints(V1Node node) =>
        (node.Spec?.Taints ?? []).Select(static t => (t.Key, t.Effect));

    private static IEnumerable<(string, string, string?)> Conditions(V1Node node) =>
        (node.Status?.Conditions ?? []).Select(static c => (c.Type, c.Status, (string?)c.Reason));

    private static List<V1NodeCondition>? Silenced(NodeObserved observed, NodeGrace grace, DateTimeOffset now)
    {
        var current = observed.Node.Status?.Conditions ?? [];
        var everReported = current.Any(c => c.Type == "Ready");
        if (observed.Silence <= (everReported ? grace.Grace : grace.StartupGrace))
        {
            return null;
        }

        var result = current.ToList();
        var changed = false;
        foreach (var type in Reported)
        {
            var index = result.FindIndex(c => c.Type == type);
            if (index >= 0 && result[index].Status == "Unknown")
            {
                continue;
            }

            changed = true;
            var next = Unknown(type, index < 0 ? null : result[index], observed.Node, now);
            if (index < 0)
            {
                result.Add(next);
            }
            else
            {
                result[index] = next;
            }
        }

        return changed ? result : null;
    }

    private static V1NodeCondition Unknown(string type, V1NodeCondition? old, V1Node node, DateTimeOffset now) => new()
    {
        Type = type,
        Status = "Unknown",
        Reason = old is null ? "NodeStatusNeverUpdated" : Silence,
        Message = old is null ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
        LastHeartbeatTime = old is null ? node.Metadata.CreationTimestamp : old.LastHeartbeatTime,
        LastTransitionTime = now.UtcDateTime,
    };

    private static List<V1Taint>? Taints(
        NodeObserved observed, IEnumerable<V1NodeCondition> conditions, DateTimeOffset now)
    {
        var all = conditions.ToList();
        var current = observed.Node.Spec?.Taints ?? [];
        var wanted = ConditionTaints.Where(t => StatusOf(all, t.Type) == t.Status).Select(
            t => (t.Key, Effect: "NoSchedule")).ToHashSet();
        if (observed.Node.Spec?.Unschedulable == true)
        {
            wanted.Add((UnschedulableKey, "NoSchedule"));
        }

        if (Eviction(observed, StatusOf(all, "Ready"), current) is { } eviction)
        {
            wanted.Add((eviction, "NoExecute"));
        }

        var kept = current.Where(t => !IsOurs(t) || wanted.Contains((t.Key, t.Effect))).ToList();
        var added = wanted.Where(w => !kept.Any(t => t.Key == w.Key && t.Effect == w.Effect)).ToList();
        if (kept.Count == current.Count && added.Count == 0)
        {
            return null;
        }

        kept.AddRange(added.Select(w => new V1Taint { Key = w.Key, Effect = w.Effect, TimeAdded = now.UtcDateTime }));
        return kept;
    }

    /// <summary>
    /// The key of the NoExecute taint that the node must have. One that changes from not-ready to unreachable or back
    /// keeps being evicted; a new one waits for its turn.
    /// </summary>
    private static string? Eviction(NodeObserved observed, string? ready, IList<V1Taint> current)
    {
        var key = ready switch { "False" => NotReady, "Unknown" => Unreachable, _ => null };
        return key is null || observed.IsEverythingDown ? null
            : HasEviction(current) || observed.MayEvict ? key
            : null;
    }

    private static bool HasEviction(IEnumerable<V1Taint>? taints) =>
        taints?.Any(t => t.Effect == "NoExecute" && t.Key is NotReady or Unreachable) == true;

    private static bool IsOurs(V1Taint taint) => taint.Effect switch
    {
        "NoSchedule" => taint.Key == UnschedulableKey || ConditionTaints.Any(t => t.Key == taint.Key),
        "NoExecute" => taint.Key is NotReady or Unreachable,
        _ => false,
    };

    private static string? StatusOf(IEnumerable<V1NodeCondition>? conditions, string type) =>
        conditions?.FirstOrDefault(c => c.Type == type)?.Status;
}
