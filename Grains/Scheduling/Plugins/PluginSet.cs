namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>The plugins of a scheduler, in the order in which they run.</summary>
public sealed record PluginSet
{
    public IReadOnlyList<IPreEnqueuePlugin> PreEnqueue { get; init; } = [];

    public IReadOnlyList<IPreFilterPlugin> PreFilters { get; init; } = [];

    public IReadOnlyList<IFilterPlugin> Filters { get; init; } = [];

    /// <summary>Says what to do for unbound claims of a pod that has found its node; null without claims.</summary>
    public VolumeBindingPlugin? VolumeBinding { get; init; }

    /// <summary>Says what to do for ResourceClaims of a pod, found a node or not; null without.</summary>
    public DynamicResourcesPlugin? Devices { get; init; }

    /// <summary>Run after the filters, on the nodes that these leave.</summary>
    public IReadOnlyList<IRelationPlugin> Relations { get; init; } = [];

    public IReadOnlyList<IScorePlugin> Scores { get; init; } = [];

    /// <summary>Upstream's default profile, as far as its plugins exist here.</summary>
    public static PluginSet Default(ClusterTables tables)
    {
        var volumes = tables.Volumes;
        var binding = new VolumeBindingPlugin(volumes);
        var taints = new TaintTolerationPlugin();
        var affinity = new NodeAffinityPlugin();
        var fit = new NodeResourcesFitPlugin(tables.Scalars, tables.Devices);
        var devices = new DynamicResourcesPlugin(tables.Devices);
        return new PluginSet
        {
            PreEnqueue = [new SchedulingGatesPlugin(), devices],
            PreFilters = [affinity, binding, devices],
            VolumeBinding = binding,
            Devices = devices,
            Filters =
            [
                new NodeUnschedulablePlugin(), new NodeNamePlugin(), taints, affinity, new NodePortsPlugin(), fit,
                new VolumeRestrictionsPlugin(volumes), new NodeVolumeLimitsPlugin(volumes), binding,
                new VolumeZonePlugin(volumes), new NodeDeclaredFeaturesPlugin(),
            ],
            Relations = [new PodTopologySpreadPlugin(tables), new InterPodAffinityPlugin(tables), devices],
            Scores =
            [
                taints, affinity, fit, new NodeResourcesBalancedAllocationPlugin(),
                new ImageLocalityPlugin(tables.Images),
            ],
        };
    }
}
