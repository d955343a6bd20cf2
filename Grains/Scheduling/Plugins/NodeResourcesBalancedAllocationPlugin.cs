namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Prefers nodes on which resources are used to the same degree: 100 less the standard deviation of their shares, in
/// percent.
/// </summary>
public sealed class NodeResourcesBalancedAllocationPlugin : IScorePlugin
{
    /// <summary>What is looked at when nothing is said.</summary>
    public static readonly IReadOnlyList<string> Usual = ["cpu", "memory"];

    private const double MaxScore = 100;

    private readonly CountedResource[] _resources;
    private readonly double[] _shares;

    /// <param name="scalars">Names of extended resources.</param>
    /// <param name="resources">What is looked at; null for cpu and memory.</param>
    public NodeResourcesBalancedAllocationPlugin(
        ScalarResources? scalars = null, IReadOnlyList<string>? resources = null)
    {
        _resources = [.. (resources ?? Usual).Select(r => CountedResource.Of(r, scalars ?? new()))];
        _shares = new double[_resources.Length];
    }

    public string Name => "NodeResourcesBalancedAllocation";

    public int Weight => 1;

    public ScoreScale Scale => ScoreScale.None;

    public int Score(PodShape pod, NodeInfo node)
    {
        var (count, sum, isAnyWanted) = (0, 0.0, false);
        foreach (var resource in _resources)
        {
            var wanted = resource.WantedBy(pod.Requests);
            var allocatable = resource.IsWantedOnly && wanted == 0 ? 0 : resource.AllocatableOn(node);
            isAnyWanted |= wanted > 0;
            if (allocatable > 0)
            {
                _shares[count] = Math.Min(1.0, (double)(resource.RequestedOn(node) + wanted) / allocatable);
                sum += _shares[count++];
            }
        }

        // Pods that request nothing would all land on the best balanced node.
        return isAnyWanted ? (int)((1 - Deviation(_shares.AsSpan(0, count), sum / count)) * MaxScore) : 0;
    }

    /// <summary>Of two, half their difference, as upstream has it: roots are not exact.</summary>
    private static double Deviation(ReadOnlySpan<double> shares, double mean)
    {
        if (shares.Length <= 2)
        {
            return shares.Length < 2 ? 0 : Math.Abs((shares[0] - shares[1]) / 2);
        }

        var sum = 0.0;
        foreach (var share in shares)
        {
            sum += (share - mean) * (share - mean);
        }

        return Math.Sqrt(sum / shares.Length);
    }
}
