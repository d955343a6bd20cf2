namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Scores nodes as if the pod were on them, by a <see cref="ResourceScoring"/>.</summary>
internal sealed class ResourceScorer
{
    private readonly ResourceScoring _scoring;
    private readonly (CountedResource Resource, int Weight)[] _counted;

    /// <summary>A resource that scores 0 does not count at all: upstream's rule for functions alone.</summary>
    private readonly bool _leavesOutZero;

    public ResourceScorer(ResourceScoring scoring, ScalarResources scalars)
    {
        _scoring = scoring;
        _leavesOutZero = scoring.Strategy == ResourceStrategy.RequestedToCapacityRatio;
        _counted = [.. scoring.Resources.Select(r => (CountedResource.Of(r.Name, scalars), r.Weight))];
    }

    /// <summary>0 to 100.</summary>
    public int Score(PodRequests requests, NodeInfo node)
    {
        var (sum, weights) = (0L, 0);
        foreach (var (resource, weight) in _counted)
        {
            var wanted = resource.ScoringWantedBy(requests);
            var allocatable = resource.IsWantedOnly && wanted == 0 ? 0 : resource.AllocatableOn(node);
            if (allocatable <= 0)
            {
                continue;
            }

            var score = _scoring.Score(resource.ScoringRequestedOn(node) + wanted, allocatable);
            if (score > 0 || !_leavesOutZero)
            {
                sum += (long)score * weight;
                weights += weight;
            }
        }

        return weights == 0 ? 0
            : _leavesOutZero ? (int)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero)
            : (int)(sum / weights);
    }
}
