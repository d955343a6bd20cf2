using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What decides on the pods of one profile.</summary>
internal sealed class ProfileParts
{
    public ProfileParts(
        SchedulerProfile profile, NodeTable nodes, ClusterTables tables, Random random, int percentageOfNodesToScore)
    {
        Plugins = PluginSet.Of(profile, tables);
        var trial = new NodeTrial(Plugins, tables);
        Picker = new NodePicker(
            Plugins, nodes, tables, trial, random, profile.PercentageOfNodesToScore ?? percentageOfNodesToScore);
        Preemption = new Preemption(tables, trial, random);
    }

    public PluginSet Plugins { get; }

    public NodePicker Picker { get; }

    public Preemption Preemption { get; }
}
