using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What decides on the pods of one profile.</summary>
internal sealed class ProfileParts
{
    public ProfileParts(
        SchedulerProfile profile, NodeTable nodes, ClusterTables tables, Random random, int percentageOfNodesToScore,
        ExtensionTimes times)
    {
        (Profile, Times) = (profile, times);
        Plugins = PluginSet.Of(profile, tables);
        var trial = new NodeTrial(Plugins, tables);
        Picker = new NodePicker(
            Plugins, nodes, tables, trial, random, profile.PercentageOfNodesToScore ?? percentageOfNodesToScore,
            times);
        Preemption = new Preemption(tables, trial, random, profile.Preemption);
    }

    public SchedulerProfile Profile { get; }

    public PluginSet Plugins { get; }

    public ExtensionTimes Times { get; }

    public NodePicker Picker { get; }

    public Preemption Preemption { get; }
}
