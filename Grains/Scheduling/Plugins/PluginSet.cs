namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>The plugins of a scheduler, in the order in which they run.</summary>
public sealed record PluginSet
{
    public IReadOnlyList<IPreEnqueuePlugin> PreEnqueue { get; init; } = [];

    public IReadOnlyList<IPreFilterPlugin> PreFilters { get; init; } = [];

    public IReadOnlyList<IFilterPlugin> Filters { get; init; } = [];

    public IReadOnlyList<IScorePlugin> Scores { get; init; } = [];

    /// <summary>Upstream's default profile, as far as its plugins exist here.</summary>
    public static PluginSet Default(ScalarResources scalars)
    {
        var taints = new TaintTolerationPlugin();
        var affinity = new NodeAffinityPlugin();
        var fit = new NodeResourcesFitPlugin(scalars);
        return new PluginSet
        {
            PreEnqueue = [new SchedulingGatesPlugin()],
            PreFilters = [affinity],
            Filters =
                [new NodeUnschedulablePlugin(), new NodeNamePlugin(), taints, affinity, new NodePortsPlugin(), fit],
            Scores = [taints, affinity, fit, new NodeResourcesBalancedAllocationPlugin()],
        };
    }
}
