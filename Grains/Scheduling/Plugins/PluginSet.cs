using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>The plugins of a scheduler, in the order in which they run.</summary>
public sealed record PluginSet
{
    /// <summary>Upstream's name of what removes pods for others.</summary>
    public const string DefaultPreemption = "DefaultPreemption";

    public IReadOnlyList<IPreEnqueuePlugin> PreEnqueue { get; init; } = [];

    public IReadOnlyList<IPreFilterPlugin> PreFilters { get; init; } = [];

    public IReadOnlyList<IFilterPlugin> Filters { get; init; } = [];

    /// <summary>Says what to do for unbound claims of a pod that has found its node.</summary>
    public required VolumeBindingPlugin VolumeBinding { get; init; }

    /// <summary>Says what to do for ResourceClaims of a pod, found a node or not.</summary>
    public required DynamicResourcesPlugin Devices { get; init; }

    /// <summary>Run after the filters, on the nodes that these leave.</summary>
    public IReadOnlyList<IRelationPlugin> Relations { get; init; } = [];

    public IReadOnlyList<IScorePlugin> Scores { get; init; } = [];

    /// <summary>All that can keep a pod from nodes; some more than once.</summary>
    public IEnumerable<ISchedulingPlugin> Judges => [.. PreFilters, .. Filters, .. Relations];

    /// <summary>Pods make room for more important ones.</summary>
    public bool Preempts { get; init; } = true;

    /// <summary>Upstream's default profile.</summary>
    public static PluginSet Default(ClusterTables tables) => Of(new SchedulerProfile(), tables);

    /// <summary>Upstream's names of those that take part in a place of a default profile.</summary>
    public IEnumerable<string> NamesAt(SchedulingPoint point)
    {
        IEnumerable<ISchedulingPlugin> plugins = point switch
        {
            SchedulingPoint.PreEnqueue => PreEnqueue,
            SchedulingPoint.PreFilter => PreFilters,
            SchedulingPoint.Filter => Filters.Concat<ISchedulingPlugin>(Relations),
            SchedulingPoint.Score => Scores.Concat<ISchedulingPlugin>(Relations),
            _ => [],
        };
        return point == SchedulingPoint.PostFilter && Preempts
            ? [DefaultPreemption]
            : plugins.Select(static p => p.Name);
    }

    /// <summary>What takes part in a profile.</summary>
    public static PluginSet Of(SchedulerProfile profile, ClusterTables tables)
    {
        var volumes = tables.Volumes;
        var binding = new VolumeBindingPlugin(volumes);
        var taints = new TaintTolerationPlugin();
        var affinity = new NodeAffinityPlugin(profile.AddedRequired, profile.AddedPreferred);
        var fit = new NodeResourcesFitPlugin(
            tables.Scalars, tables.Devices, profile.ResourceScoring, profile.IgnoredResources);
        var devices = new DynamicResourcesPlugin(tables.Devices, profile.Devices);
        return new PluginSet
        {
            PreEnqueue = profile.Of<IPreEnqueuePlugin>(
                SchedulingPoint.PreEnqueue, new SchedulingGatesPlugin(), devices),
            PreFilters = profile.Of<IPreFilterPlugin>(SchedulingPoint.PreFilter, affinity, binding, devices),
            VolumeBinding = binding,
            Devices = devices,
            Filters = profile.Of<IFilterPlugin>(
                SchedulingPoint.Filter,
                new NodeUnschedulablePlugin(), new NodeNamePlugin(), taints, affinity, new NodePortsPlugin(), fit,
                new VolumeRestrictionsPlugin(volumes), new NodeVolumeLimitsPlugin(volumes), binding,
                new VolumeZonePlugin(volumes), new NodeDeclaredFeaturesPlugin()),
            Relations =
            [
                .. new IRelationPlugin[]
                {
                    new PodTopologySpreadPlugin(tables, profile.DefaultSpread),
                    new InterPodAffinityPlugin(
                        tables, profile.HardPodAffinityWeight, profile.IgnoresPreferencesOfOthers),
                    devices,
                }.Select(r => AdjustedRelation.Of(r, profile)).OfType<IRelationPlugin>(),
            ],
            Scores =
            [
                .. profile.Of<IScorePlugin>(
                    SchedulingPoint.Score,
                    taints, affinity, fit,
                    new NodeResourcesBalancedAllocationPlugin(tables.Scalars, profile.BalancedResources),
                    new ImageLocalityPlugin(tables.Images)).Select(s => AdjustedScore.Of(s, profile)),
            ],
            Preempts = profile.Has(SchedulingPoint.PostFilter, DefaultPreemption),
        };
    }
}
