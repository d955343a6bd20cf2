using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <content>Whom changes of the cluster, and of a pod itself, may help: upstream's queueing hints.</content>
public sealed partial class SchedulingQueue
{
    /// <summary>Whether pods or nodes came, changed or went that whoever rejected the pod minds.</summary>
    private bool MindsAny(QueuedPod queued, ClusterEvents events)
    {
        foreach (var plugin in plugins(queued.Pod).Relations)
        {
            if (queued.RejectedBy.Contains(plugin.Name)
                && ((plugin.MindsPods && events.Moved.MayHelp(queued.Pod, plugin))
                    || MindsNode(plugin, queued.Pod, events)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MindsNode(IRelationPlugin plugin, PodInfo pod, ClusterEvents events)
    {
        foreach (var (node, change) in events.ChangedNodes)
        {
            if ((plugin.HelpfulChanges & change.Kinds) != 0
                && (plugin.MindsNode(pod, node) || (change.Before is { } before && plugin.MindsNode(pod, before))))
            {
                return true;
            }
        }

        return false;
    }

    private bool MayHelp(QueuedPod queued, PodChange change, PodInfo old) =>
        queued.RejectedBy.Contains(ExtenderSet.Name)
        || plugins(queued.Pod).Judges.Any(
            p => queued.RejectedBy.Contains(p.Name) && p.IsHelpedBy(change, old, queued.Pod));

    /// <param name="queued">An unschedulable pod.</param>
    /// <param name="events">What happened.</param>
    /// <param name="lowest">Priority of the least important pod on the nodes that pods have left.</param>
    /// <param name="known">What was found out for other pods.</param>
    private bool MayHelp(QueuedPod queued, ClusterEvents events, int lowest, SharedAnswers known)
    {
        if (queued.RejectedBy.Count == 0 || queued.RejectedBy.Contains(ExtenderSet.Name))
        {
            return true;
        }

        return MindsStorage(queued, events)
            || MindsDevices(queued, events)
            || MindsAny(queued, events)
            || MayFit(queued, events, lowest, known);
    }

    /// <summary>
    /// Whether something happened to devices that whoever rejected the pod minds. A class of devices may stand in for
    /// an extended resource that a node lacks.
    /// </summary>
    private bool MindsDevices(QueuedPod queued, ClusterEvents events) => events.MayHelp(queued.Pod)
        && (queued.RejectedBy.Contains(DynamicResourcesPlugin.PluginName)
            || (queued.Pod.Shape.Extended.Length > 0
                && queued.RejectedBy.Contains(NodeResourcesFitPlugin.PluginName)))
        && plugins(queued.Pod).Devices.Wants(queued.Pod);

    /// <summary>Whether something happened to volumes that whoever rejected the pod minds.</summary>
    private bool MindsStorage(QueuedPod queued, ClusterEvents events) => queued.Pod.Claims.Length > 0
        && events.StorageFor(queued.Pod) is not ClusterChanges.None and var changes
        && plugins(queued.Pod).Filters.Any(
            p => (p.HelpfulChanges & changes) != 0 && queued.RejectedBy.Contains(p.Name));

    /// <summary>Whether it may fit a node that came or changed, or has more room.</summary>
    private bool MayFit(QueuedPod queued, ClusterEvents events, int lowest, SharedAnswers known)
    {
        var wantsRoom = false;
        foreach (var plugin in plugins(queued.Pod).Filters)
        {
            if (!queued.RejectedBy.Contains(plugin.Name))
            {
                continue;
            }

            wantsRoom |= plugin.HelpfulChanges.HasFlag(ClusterChanges.PodGone);
            if (IsLetIn(queued.Pod, plugin, events, known))
            {
                return true;
            }
        }

        return wantsRoom && events.FreedNodes.Count > 0 && (
            (queued.Pod.MayPreempt && lowest < queued.Pod.Priority)
            || events.FreedNodes.Any(n => n.Name == queued.NominatedNode)
            || IsClaimLetGo(queued, events)
            || FitsFreedNode(queued, events, known));
    }

    /// <summary>Whether a plugin that rejected the pod lets it onto a node since that came or changed.</summary>
    private static bool IsLetIn(PodInfo pod, IFilterPlugin plugin, ClusterEvents events, SharedAnswers known)
    {
        if (IsOneOfItsKind(pod))
        {
            return LetsIn(plugin, pod, events);
        }

        var key = (plugin, pod.Shape, pod.Priority, pod.MayPreempt);
        if (!known.LetIn.TryGetValue(key, out var isLetIn))
        {
            isLetIn = LetsIn(plugin, pod, events);
            known.LetIn.Add(key, isLetIn);
        }

        return isLetIn;
    }

    private static bool LetsIn(IFilterPlugin plugin, PodInfo pod, ClusterEvents events)
    {
        foreach (var (node, change) in events.ChangedNodes)
        {
            if ((plugin.HelpfulChanges & change.Kinds) != 0
                && node.Exists
                && MayPass(plugin.Filter(pod, node), pod, node)
                && (change.Before is not { } before
                    || change.Kinds.HasFlag(ClusterChanges.NodeAdded)
                    || plugin.MindsChange(pod, before, node)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whoever waits for a claim that one pod at a time may have need not go where that pod was.</summary>
    private bool IsClaimLetGo(QueuedPod queued, ClusterEvents events) =>
        queued.Pod.Claims.Length > 0
        && queued.RejectedBy.Contains(VolumeRestrictionsPlugin.PluginName)
        && plugins(queued.Pod).Filters.Any(plugin => plugin.Name == VolumeRestrictionsPlugin.PluginName
            && events.FreedNodes.Any(node => plugin.Filter(queued.Pod, node) is null));

    /// <summary>What other pods are the reason of, may end by removing them.</summary>
    private static bool MayPass(Verdict? verdict, PodInfo pod, NodeInfo node) =>
        verdict is null || (verdict.IsResolvable && pod.MayPreempt && LowestPriority(node) < pod.Priority);

    private static int LowestPriority(NodeInfo node) =>
        node.Pods.Count == 0 ? int.MaxValue : node.Pods.Min(p => p.Priority);

    /// <summary>What filters say of it depends on more than its shape.</summary>
    private static bool IsOneOfItsKind(PodInfo pod) =>
        pod.Claims.Length > 0 || pod.Disks.Length > 0 || pod.OnlyNode.Length > 0;

    /// <summary>
    /// Whether it fits a node that pods have left. Where it fits none, who keeps it from them has rejected it, too, as
    /// upstream would find by trying it: the end of that may help it from then on.
    /// </summary>
    private bool FitsFreedNode(QueuedPod queued, ClusterEvents events, SharedAnswers known)
    {
        var blockers = FreedNodeBlockers(queued.Pod, events, known);
        if (blockers is not null && !queued.RejectedBy.IsSupersetOf(blockers))
        {
            queued.RejectedBy = queued.RejectedBy.Concat(blockers).ToHashSet(StringComparer.Ordinal);
        }

        return blockers is null;
    }

    private HashSet<string>? FreedNodeBlockers(PodInfo pod, ClusterEvents events, SharedAnswers known)
    {
        if (IsOneOfItsKind(pod))
        {
            return FreedNodeBlockers(pod, events);
        }

        if (!known.Blockers.TryGetValue((pod.Shape, pod.SchedulerName), out var blockers))
        {
            blockers = FreedNodeBlockers(pod, events);
            known.Blockers.Add((pod.Shape, pod.SchedulerName), blockers);
        }

        return blockers;
    }

    /// <summary>The first plugin that keeps it from each node that pods have left; null when it fits one.</summary>
    private HashSet<string>? FreedNodeBlockers(PodInfo pod, ClusterEvents events)
    {
        var blockers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in events.FreedNodes.Where(static n => n.Exists))
        {
            if (plugins(pod).Filters.FirstOrDefault(p => p.Filter(pod, node) is not null) is not { } blocker)
            {
                return null;
            }

            blockers.Add(blocker.Name);
        }

        return blockers;
    }

    /// <summary>What was found out about what happened, for one pod, that holds for all like it.</summary>
    private sealed class SharedAnswers
    {
        /// <summary>
        /// What keeps those of a shape and profile from nodes that pods have left; null when they fit one.
        /// </summary>
        public Dictionary<(PodShape Shape, string Profile), HashSet<string>?> Blockers { get; } = [];

        /// <summary>Whether a plugin lets those onto a node since that came or changed.</summary>
        public Dictionary<(IFilterPlugin Plugin, PodShape Shape, int Priority, bool MayPreempt), bool> LetIn { get; } = [];
    }
}
