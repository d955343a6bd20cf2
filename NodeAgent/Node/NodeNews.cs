using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Something that the node's events tell.</summary>
public sealed record NodeNote(string Type, string Reason, string Message);

/// <summary>
/// What is worth an event when the node's status was computed anew, as upstream's kubelet has it: whether it is Ready
/// is compared with what the API had; what it has enough of, and whether it is cordoned, with what was told last, so
/// that an agent tells them when it starts.
/// </summary>
public sealed class NodeNews(string nodeName)
{
    private static readonly Dictionary<string, (string Short, string Enough)> Pressures = new(StringComparer.Ordinal)
    {
        ["MemoryPressure"] = ("NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
        ["DiskPressure"] = ("NodeHasDiskPressure", "NodeHasNoDiskPressure"),
        ["PIDPressure"] = ("NodeHasInsufficientPID", "NodeHasSufficientPID"),
    };

    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private bool _wasUnschedulable;

    /// <param name="known">The node as the API had it before.</param>
    /// <param name="status">Its status from now on.</param>
    public IReadOnlyList<NodeNote> Compare(V1Node known, V1NodeStatus status)
    {
        var notes = new List<NodeNote>();
        if (known.Status?.NodeInfo?.BootID is { Length: > 0 } boot && boot != status.NodeInfo.BootID)
        {
            notes.Add(new NodeNote(
                EventRecorder.Warning, "Rebooted",
                $"Node {nodeName} has been rebooted, boot id: {status.NodeInfo.BootID}"));
        }

        notes.AddRange(status.Conditions.Select(c => ReasonOf(c, known.Status)).OfType<string>().Select(Now));
        var isUnschedulable = known.Spec?.Unschedulable == true;
        if (isUnschedulable != _wasUnschedulable)
        {
            _wasUnschedulable = isUnschedulable;
            notes.Add(Now(isUnschedulable ? "NodeNotSchedulable" : "NodeSchedulable"));
        }

        return notes;
    }

    private string? ReasonOf(V1NodeCondition condition, V1NodeStatus? before)
    {
        if (condition.Type == "Ready")
        {
            var was = before?.Conditions?.FirstOrDefault(static c => c.Type == "Ready")?.Status;
            return was is null || was == condition.Status ? null
                : condition.Status == "True" ? "NodeReady" : "NodeNotReady";
        }

        if (!Pressures.TryGetValue(condition.Type, out var reasons)
            || _told.GetValueOrDefault(condition.Type) == condition.Status)
        {
            return null;
        }

        _told[condition.Type] = condition.Status;
        return condition.Status == "True" ? reasons.Short : reasons.Enough;
    }

    private NodeNote Now(string reason) =>
        new(EventRecorder.Normal, reason, $"Node {nodeName} status is now: {reason}");
}
