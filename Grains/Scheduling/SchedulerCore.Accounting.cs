using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <content>Which pods are known, what they occupy, and what is kept free or assumed for them.</content>
public sealed partial class SchedulerCore
{
    private TrackedPod Track(PodInfo pod)
    {
        var entry = new TrackedPod(pod);
        _pods.Add(pod.Key, entry);
        return entry;
    }

    private void Drop(TrackedPod? entry)
    {
        if (entry is null)
        {
            return;
        }

        Dequeue(entry);
        TakeOff(entry);
        Unreserve(entry);
        _assumed.Remove(entry.Pod.Key);
        _pods.Remove(entry.Pod.Key);
    }

    private void Place(TrackedPod entry, NodeInfo node)
    {
        Invariant.Check(entry.Node is null, "a pod is accounted to one node only", entry.Pod.Key);
        entry.Node = node;
        entry.Accounted = entry.Pod.Shape;
        if (entry.Queued is { } queued && queued.NominatedNode == node.Name)
        {
            Nominate(queued, "");
        }
        else if (entry.Queued is { } elsewhere)
        {
            Withdraw(elsewhere);
        }

        node.AddPod(entry.Pod.Shape);
        _tables.Placed.Put(entry.Pod, node);
        _events.Kinds |= ClusterChanges.PodPlaced;
        _events.Moved.Add(entry.Pod);
        _events.Cause = QueueEvents.AssignedPodAdd;
        _tables.Volumes.Count(entry.Pod, node.Name, +1);
    }

    /// <summary>What was assumed of volumes for a pod is not to be.</summary>
    private void Unreserve(TrackedPod entry)
    {
        foreach (var choice in entry.Volumes)
        {
            if (_tables.Volumes.Restore(choice))
            {
                Changed(
                    choice.Volume is null ? ClusterChanges.VolumeClaim : ClusterChanges.Volume, choice.Claim);
                _events.Cause = QueueEvents.AssignedPodDelete;
            }
        }

        entry.Volumes = [];
    }

    private void Dequeue(TrackedPod entry)
    {
        if (entry.Queued is { } queued)
        {
            Withdraw(queued);
            if (queued.Place != QueuePlace.None)
            {
                Queue.Remove(queued);
            }
        }
    }

    private void TakeOff(TrackedPod entry)
    {
        if (entry.Node is { } node)
        {
            node.RemovePod(entry.Accounted!);
            _tables.Placed.Remove(entry.Pod.Key);
            _tables.Volumes.Count(entry.Pod, node.Name, -1);
            entry.Node = null;
            _events.FreedNodes.Add(node);
            _events.Moved.Add(entry.Pod);
            _events.Cause = QueueEvents.AssignedPodDelete;
            Nodes.Release(node);
        }
    }

    /// <summary>Remembers where room is made for a waiting pod; empty for nowhere.</summary>
    private void Nominate(QueuedPod queued, string node)
    {
        if (queued.NominatedNode.Length > 0)
        {
            _tables.Nominated.Remove(queued.Pod, queued.NominatedNode);
        }

        queued.NominatedNode = node;
        if (node.Length > 0)
        {
            _tables.Nominated.Add(queued.Pod, node);
        }
    }

    /// <summary>What was kept free for the pod is there for others.</summary>
    private void Withdraw(QueuedPod queued)
    {
        if (queued.NominatedNode.Length > 0)
        {
            if (Nodes.Find(queued.NominatedNode) is { } freed)
            {
                _events.FreedNodes.Add(freed);
                _events.Cause = QueueEvents.AssignedPodDelete;
            }

            Nominate(queued, "");
        }
    }
}
