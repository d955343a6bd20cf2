using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What the scheduler knows of the cluster beside its nodes and the pods that wait.</summary>
public sealed class ClusterTables
{
    public ClusterTables()
    {
        Placed = new PlacedPods(Groups);
        Followed = new Dictionary<ResourceName, FollowedTable>(
            Volumes.Tables.Select(t => Pair(t.Resource, t.Table, t.Change))
                .Concat(Devices.Tables.Select(t => Pair(t.Resource, t.Table, ClusterChanges.Device)))
                .Concat(Owners.Tables.Select(t => Pair(t.Resource, t.Table, ClusterChanges.None))))
        {
            [Volumes.Attachments.Resource] = new(Volumes.Attachments.Table, ClusterChanges.Attachment, ByGoing: true),
            [WellKnown.ResourceClaims] = new(Devices.Claims, ClusterChanges.None),
            [WellKnown.Namespaces] = new(Namespaces, ClusterChanges.None),
            [WellKnown.PodDisruptionBudgets] = new(Budgets.Table, ClusterChanges.None),
        };
    }

    public ScalarResources Scalars { get; } = new();

    public VolumeTable Volumes { get; } = new();

    public DeviceTable Devices { get; } = new();

    public SpreadGroups Groups { get; } = new();

    public PlacedPods Placed { get; }

    public NominatedPods Nominated { get; } = new();

    public NamespaceTable Namespaces { get; } = new();

    public DisruptionBudgets Budgets { get; } = new();

    public ImageTable Images { get; } = new();

    public OwnerSelectors Owners { get; } = new();

    /// <summary>The tables that follow a resource.</summary>
    public IReadOnlyDictionary<ResourceName, FollowedTable> Followed { get; }

    private static KeyValuePair<ResourceName, FollowedTable> Pair(
        ResourceName resource, IObjectTable table, ClusterChanges change) => new(resource, new(table, change));
}

/// <summary>A table that follows a resource.</summary>
/// <param name="Table">The table.</param>
/// <param name="Change">What a change of it may help.</param>
/// <param name="ByGoing">It helps when an object goes, and else when one comes or changes: upstream's events.</param>
public readonly record struct FollowedTable(IObjectTable Table, ClusterChanges Change, bool ByGoing = false);
