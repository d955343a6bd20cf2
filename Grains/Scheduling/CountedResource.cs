namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A resource that scores look at, wherever its amounts are kept.</summary>
internal sealed class CountedResource
{
    private readonly Place _place;
    private readonly int _scalar;

    private CountedResource(Place place, int scalar) => (_place, _scalar) = (place, scalar);

    private enum Place
    {
        Cpu,
        Memory,
        EphemeralStorage,
        Scalar,
    }

    /// <summary>Counts only for pods that ask for it.</summary>
    public bool IsWantedOnly => _place == Place.Scalar;

    public static CountedResource Of(string name, ScalarResources scalars) => name switch
    {
        "cpu" => new(Place.Cpu, 0),
        "memory" => new(Place.Memory, 0),
        "ephemeral-storage" => new(Place.EphemeralStorage, 0),
        _ => new(Place.Scalar, scalars.IndexOf(name)),
    };

    public long WantedBy(PodRequests requests) => _place switch
    {
        Place.Cpu => requests.MilliCpu,
        Place.Memory => requests.MemoryBytes,
        Place.EphemeralStorage => requests.EphemeralStorageBytes,
        _ => Scalar(requests),
    };

    public long RequestedOn(NodeInfo node) => _place switch
    {
        Place.Cpu => node.RequestedMilliCpu,
        Place.Memory => node.RequestedMemoryBytes,
        Place.EphemeralStorage => node.RequestedEphemeralStorageBytes,
        _ => node.RequestedScalar(_scalar),
    };

    /// <summary>The same where containers without a request count as if they had some.</summary>
    public long ScoringWantedBy(PodRequests requests) => _place switch
    {
        Place.Cpu => requests.ScoringMilliCpu,
        Place.Memory => requests.ScoringMemoryBytes,
        _ => WantedBy(requests),
    };

    /// <inheritdoc cref="ScoringWantedBy"/>
    public long ScoringRequestedOn(NodeInfo node) => _place switch
    {
        Place.Cpu => node.ScoringMilliCpu,
        Place.Memory => node.ScoringMemoryBytes,
        _ => RequestedOn(node),
    };

    public long AllocatableOn(NodeInfo node) => _place switch
    {
        Place.Cpu => node.AllocatableMilliCpu,
        Place.Memory => node.AllocatableMemoryBytes,
        Place.EphemeralStorage => node.AllocatableEphemeralStorageBytes,
        _ => node.AllocatableScalar(_scalar),
    };

    private long Scalar(PodRequests requests)
    {
        foreach (var (resource, amount) in requests.Scalars)
        {
            if (resource == _scalar)
            {
                return amount;
            }
        }

        return 0;
    }
}
