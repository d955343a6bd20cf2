using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// A node as it would be with other pods than there are, in the eyes of one pod. For the time of a trial the others are
/// really put there and taken off, where filters look; who changes a node so changes it back, and restores its version.
/// </summary>
public sealed class NodeTrial(PluginSet plugins, ClusterTables tables)
{
    private readonly List<IPodRelations> _relations = [];
    private PodInfo? _pod;

    /// <summary>From here on it is this pod that is tried.</summary>
    public void Begin(PodInfo pod)
    {
        _pod = pod;
        _relations.Clear();
    }

    /// <summary>What a rule about other pods says of the pod.</summary>
    public void Heed(IPodRelations relations) => _relations.Add(relations);

    public void Put(PodInfo other, NodeInfo node)
    {
        node.AddPod(other.Shape);
        Count(other, node, +1);
    }

    public void TakeOff(PodInfo other, NodeInfo node)
    {
        node.RemovePod(other.Shape);
        Count(other, node, -1);
    }

    /// <summary>
    /// Why the pod cannot run there; null when it can, whether or not the nominated pods that come before it do come.
    /// </summary>
    public Verdict? Check(NodeInfo node) =>
        (tables.Nominated.Before(_pod!, node.Name) is { } others ? CheckBeside(others, node) : null) ?? CheckAsIs(node);

    private Verdict? CheckBeside(List<PodInfo> others, NodeInfo node)
    {
        var version = node.Version;
        foreach (var other in others)
        {
            Put(other, node);
        }

        var verdict = CheckAsIs(node);
        foreach (var other in others)
        {
            TakeOff(other, node);
        }

        node.Restore(version);
        return verdict;
    }

    private Verdict? CheckAsIs(NodeInfo node)
    {
        foreach (var filter in plugins.Filters)
        {
            if (filter.Filter(_pod!, node) is { } verdict)
            {
                return verdict;
            }
        }

        foreach (var relations in _relations)
        {
            if (relations.Filter(node) is { } verdict)
            {
                return verdict;
            }
        }

        return null;
    }

    private void Count(PodInfo other, NodeInfo node, int change)
    {
        tables.Volumes.Count(other, node.Name, change);
        foreach (var relations in _relations)
        {
            relations.Count(other, node, change);
        }
    }
}
