using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Interfaces.Scheduling;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Where a plugin takes part; names are upstream's.</summary>
public enum SchedulingPoint
{
    PreEnqueue,
    PreFilter,
    Filter,
    PostFilter,
    Score,
}

/// <summary>
/// A way to schedule pods, which they choose by <c>spec.schedulerName</c>: which plugins take part, and how. Profiles
/// of one scheduler share its queue and what it knows of nodes.
/// </summary>
public sealed record SchedulerProfile
{
    /// <summary>What nodes are to use to the same degree when nothing is said.</summary>
    public static readonly IReadOnlyList<string> UsuallyBalanced = ["cpu", "memory"];

    public string Name { get; init; } = SchedulerNames.Default;

    /// <summary>Part of the nodes to look for a fitting one among; null for what holds for all profiles.</summary>
    public int? PercentageOfNodesToScore { get; init; }

    /// <summary>What does not take part, of what does by default.</summary>
    public IReadOnlySet<(SchedulingPoint Point, string Plugin)> Disabled { get; init; } =
        new HashSet<(SchedulingPoint, string)>();

    /// <summary>What scores of plugins weigh, where it is not what they weigh by default.</summary>
    public IReadOnlyDictionary<string, int> Weights { get; init; } = new Dictionary<string, int>();

    /// <summary>How what nodes have left is scored.</summary>
    public ResourceScoring ResourceScoring { get; init; } = ResourceScoring.Default;

    /// <summary>Extended resources that nodes need not have.</summary>
    public IgnoredResources IgnoredResources { get; init; } = IgnoredResources.None;

    /// <summary>What nodes are to use to the same degree.</summary>
    public IReadOnlyList<string> BalancedResources { get; init; } = UsuallyBalanced;

    /// <summary>What another pod's required affinity to the pod weighs.</summary>
    public int HardPodAffinityWeight { get; init; } = 1;

    /// <summary>What other pods say of a pod that prefers no others itself scores no node.</summary>
    public bool IgnoresPreferencesOfOthers { get; init; }

    /// <summary>What nodes must be beside what a pod says; null for nothing.</summary>
    public NodeSelection? AddedRequired { get; init; }

    /// <summary>What is preferred beside what a pod prefers.</summary>
    public IReadOnlyList<PreferredTerm> AddedPreferred { get; init; } = [];

    /// <summary>
    /// How pods of a Service or set are spread that say nothing themselves; null for upstream's way. The selectors are
    /// those of Services and sets.
    /// </summary>
    public IReadOnlyList<SpreadConstraint>? DefaultSpread { get; init; }

    /// <summary>How many nodes where room can be made are enough to choose from.</summary>
    public PreemptionLimits Preemption { get; init; } = new();

    /// <summary>How long others may take until a pod's volumes are bound.</summary>
    public TimeSpan VolumePatience { get; init; } = BindingWait.Patience;

    /// <summary>How long the search for devices may take.</summary>
    public DeviceLimits Devices { get; init; } = new();

    /// <summary>True for a plugin that takes part.</summary>
    public bool Has(SchedulingPoint point, string plugin) => !Disabled.Contains((point, plugin));

    /// <summary>Those that take part.</summary>
    public IReadOnlyList<T> Of<T>(SchedulingPoint point, params IEnumerable<T> plugins)
        where T : ISchedulingPlugin => plugins.Where(p => Has(point, p.Name)).ToArray();

    /// <summary>What a plugin's score weighs.</summary>
    public int WeightOf(string plugin, int usual) => Weights.GetValueOrDefault(plugin, usual);
}
