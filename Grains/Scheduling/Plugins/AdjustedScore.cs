using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>A plugin whose score weighs something else than usual.</summary>
internal sealed class AdjustedScore : IScorePlugin
{
    private readonly IScorePlugin _plugin;

    private AdjustedScore(IScorePlugin plugin, int weight) => (_plugin, Weight) = (plugin, weight);

    public string Name => _plugin.Name;

    public int Weight { get; }

    public ScoreScale Scale => _plugin.Scale;

    /// <summary>The plugin as a profile wants it.</summary>
    public static IScorePlugin Of(IScorePlugin plugin, SchedulerProfile profile) =>
        profile.WeightOf(plugin.Name, plugin.Weight) is var weight && weight == plugin.Weight
            ? plugin
            : new AdjustedScore(plugin, weight);

    public int Score(PodShape pod, NodeInfo node) => _plugin.Score(pod, node);
}
