using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What the scheduler knows of one version of a pod. Immutable.</summary>
public sealed class PodInfo
{
    public required ObjectKey Key { get; init; }

    public required string Uid { get; init; }

    public required long Revision { get; init; }

    /// <summary>Everything that filters and scores look at; equal constraints share one instance.</summary>
    public required PodShape Shape { get; init; }

    public long Generation { get; init; }

    public string SchedulerName { get; init; } = "";

    /// <summary>Empty while the pod is not assigned.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>
    /// The one node that its affinity names, as that of a DaemonSet's pods does, which is not in its
    /// <see cref="Shape"/>; empty when it does not.
    /// </summary>
    public string OnlyNode { get; init; } = "";

    public int Priority { get; init; }

    /// <summary>Where room is being made for it, as last stored; empty when nowhere.</summary>
    public string NominatedNodeName { get; init; } = "";

    /// <summary>When its node began with it, in ticks of UTC; <see cref="long.MaxValue"/> before.</summary>
    public long StartTicks { get; init; } = long.MaxValue;

    /// <summary>Its controller, if any.</summary>
    public ObjectOwner? Owner { get; init; }

    /// <summary>When the attempt at hand began, by the scheduler's clock; for its meter.</summary>
    public long AttemptedAt { get; set; }

    /// <summary>When the first attempt began, and how many there have been, that at hand included; as above.</summary>
    public (long FirstAt, int Count) Attempts { get; set; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Claims among its volumes: what says of them is not the shape's, but this pod's alone.</summary>
    public ClaimUse[] Claims { get; init; } = [];

    /// <summary>Disks that its volumes name themselves; as with <see cref="Claims"/>.</summary>
    public DiskUse[] Disks { get; init; } = [];

    /// <summary>ResourceClaims that it uses; as with <see cref="Claims"/>.</summary>
    public DeviceClaimUse[] DeviceClaims { get; init; } = [];

    /// <summary>As it is stored, where somebody else is asked about pods; null otherwise.</summary>
    public ResourceObject? Object { get; init; }

    /// <summary>False with <c>preemptionPolicy: Never</c>.</summary>
    public bool MayPreempt { get; init; } = true;

    public bool IsDeleting { get; init; }

    /// <summary>True when a scheduler said that the pod makes room for another.</summary>
    public bool IsPreempted { get; init; }

    /// <summary>Succeeded or Failed: it holds nothing on its node any more.</summary>
    public bool IsFinished { get; init; }

    public bool IsGated { get; init; }

    /// <summary>Message of <c>PodScheduled=False</c>, as last stored; null when there is none.</summary>
    public string? UnschedulableMessage { get; init; }

    /// <summary>Reason beside <see cref="UnschedulableMessage"/>.</summary>
    public string? UnschedulableReason { get; init; }

    /// <summary>True when neither its selector nor its affinity rules any node out.</summary>
    public bool SelectsAll => OnlyNode.Length == 0 && Shape.Required is null;

    /// <summary>Whether its selector and its affinity let a node through.</summary>
    public bool Selects(NodeInfo node) =>
        (OnlyNode.Length == 0 || string.Equals(OnlyNode, node.Name, StringComparison.Ordinal))
        && Shape.Required?.Matches(node) != false;
}

/// <summary>
/// The scheduling constraints of a pod: what it requests, tolerates and selects. Interned by <see cref="PodReader"/>,
/// so pods of one ReplicaSet share one instance, and with it all filter results and scores.
/// </summary>
public sealed class PodShape
{
    public PodRequests Requests { get; init; } = new();

    public Toleration[] Tolerations { get; init; } = [];

    public HostPort[] HostPorts { get; init; } = [];

    /// <summary>
    /// <c>spec.nodeSelector</c> and required node affinity, but for <see cref="PodInfo.OnlyNode"/>; null when every
    /// node will do.
    /// </summary>
    public NodeSelection? Required { get; init; }

    public PreferredTerm[] Preferred { get; init; } = [];

    /// <summary>Of all containers, init containers included, with their tags.</summary>
    public string[] Images { get; init; } = [];

    /// <summary>Of its volumes, the same way.</summary>
    public string[] ImageVolumes { get; init; } = [];

    /// <summary>What it says of other pods; null when nothing.</summary>
    public PodTerms? Terms { get; init; }

    public SpreadConstraint[] Spread { get; init; } = [];

    /// <summary>What its containers request of extended resources, which may be devices of a class.</summary>
    public ExtendedRequest[] Extended { get; init; } = [];

    /// <summary>One of its containers, when it exits in some way, has all of them restarted.</summary>
    public bool RestartsAll { get; init; }

    /// <summary>True when no taint that keeps pods away is untolerated.</summary>
    public bool ToleratesAll(Taint[] taints)
    {
        foreach (var taint in taints)
        {
            if (taint.Effect is Taint.NoSchedule or Taint.NoExecute && !Tolerates(taint))
            {
                return false;
            }
        }

        return true;
    }

    public bool Tolerates(Taint taint)
    {
        foreach (var toleration in Tolerations)
        {
            if (toleration.Tolerates(taint))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Results per node, owned by the <see cref="ShapeCache"/>; null when it dropped them.</summary>
    internal ShapeResults? Results { get; set; }
}

/// <summary>Amounts that a pod occupies on its node.</summary>
public sealed record PodRequests
{
    public long MilliCpu { get; init; }

    public long MemoryBytes { get; init; }

    public long EphemeralStorageBytes { get; init; }

    /// <summary>Cpu for scoring: containers without a request count 100 m, so that they spread too.</summary>
    public long ScoringMilliCpu { get; init; }

    /// <summary>Memory for scoring: containers without a request count 200 MiB.</summary>
    public long ScoringMemoryBytes { get; init; }

    /// <summary>Extended resources and huge pages, in order of name.</summary>
    public ScalarAmount[] Scalars { get; init; } = [];

    /// <summary>True when nothing but a place among the node's pods is asked for.</summary>
    public bool IsEmpty => MilliCpu == 0 && MemoryBytes == 0 && EphemeralStorageBytes == 0 && Scalars.Length == 0;
}

/// <summary>An amount of a resource that is only counted.</summary>
/// <param name="Resource">Index in <see cref="ScalarResources"/>.</param>
/// <param name="Amount">In the resource's own unit.</param>
public readonly record struct ScalarAmount(int Resource, long Amount);

/// <summary>A port that a pod wants on its host; the any-address collides with every address.</summary>
public readonly record struct HostPort(string Address, string Protocol, int Port)
{
    public const string AnyAddress = "0.0.0.0";
}

/// <summary>A toleration; empty key with Exists tolerates everything.</summary>
public readonly record struct Toleration(string Key, bool Exists, string Value, string Effect)
{
    public bool Tolerates(Taint taint) =>
        (Effect.Length == 0 || string.Equals(Effect, taint.Effect, StringComparison.Ordinal))
        && (Key.Length == 0 || string.Equals(Key, taint.Key, StringComparison.Ordinal))
        && (Exists || string.Equals(Value, taint.Value, StringComparison.Ordinal));
}

/// <summary>A taint of a node.</summary>
public readonly record struct Taint(string Key, string Value, string Effect)
{
    public const string NoSchedule = "NoSchedule";
    public const string NoExecute = "NoExecute";
    public const string PreferNoSchedule = "PreferNoSchedule";
}
