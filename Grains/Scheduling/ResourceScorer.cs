namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Scores nodes as if the pod were on them, by a <see cref="ResourceScoring"/>.</summary>
internal sealed class ResourceScorer
{
    private readonly ResourceScoring _scoring;
    private readonly Counted[] _counted;

    /// <summary>A resource that scores 0 does not count at all: upstream's rule for functions alone.</summary>
    private readonly bool _leavesOutZero;

    public ResourceScorer(ResourceScoring scoring, ScalarResources scalars)
    {
        _scoring = scoring;
        _leavesOutZero = scoring.Strategy == ResourceStrategy.RequestedToCapacityRatio;
        _counted =
        [
            .. scoring.Resources.Select(r => new Counted(
                r.Name switch
                {
                    "cpu" => Resource.Cpu,
                    "memory" => Resource.Memory,
                    "ephemeral-storage" => Resource.EphemeralStorage,
                    _ => Resource.Scalar,
                },
                r.Name is "cpu" or "memory" or "ephemeral-storage" ? 0 : scalars.IndexOf(r.Name),
                r.Weight)),
        ];
    }

    private enum Resource
    {
        Cpu,
        Memory,
        EphemeralStorage,
        Scalar,
    }

    /// <summary>0 to 100.</summary>
    public int Score(PodRequests requests, NodeInfo node)
    {
        var (sum, weights) = (0L, 0);
        foreach (var counted in _counted)
        {
            var (requested, allocatable) = Amounts(counted, requests, node);
            if (allocatable <= 0)
            {
                continue;
            }

            var score = _scoring.Score(requested, allocatable);
            if (score > 0 || !_leavesOutZero)
            {
                sum += (long)score * counted.Weight;
                weights += counted.Weight;
            }
        }

        return weights == 0 ? 0
            : _leavesOutZero ? (int)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero)
            : (int)(sum / weights);
    }

    /// <summary>What would be requested of what; nothing of an extended resource that the pod does not want.</summary>
    private static (long Requested, long Allocatable) Amounts(Counted counted, PodRequests requests, NodeInfo node)
    {
        switch (counted.Resource)
        {
            case Resource.Cpu:
                return (node.ScoringMilliCpu + requests.ScoringMilliCpu, node.AllocatableMilliCpu);
            case Resource.Memory:
                return (node.ScoringMemoryBytes + requests.ScoringMemoryBytes, node.AllocatableMemoryBytes);
            case Resource.EphemeralStorage:
                return (
                    node.RequestedEphemeralStorageBytes + requests.EphemeralStorageBytes,
                    node.AllocatableEphemeralStorageBytes);
            default:
                var wanted = Wanted(counted.Scalar, requests);
                return wanted == 0
                    ? (0, 0)
                    : (node.RequestedScalar(counted.Scalar) + wanted, node.AllocatableScalar(counted.Scalar));
        }
    }

    private static long Wanted(int scalar, PodRequests requests)
    {
        foreach (var (resource, amount) in requests.Scalars)
        {
            if (resource == scalar)
            {
                return amount;
            }
        }

        return 0;
    }

    private readonly record struct Counted(Resource Resource, int Scalar, int Weight);
}
