using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Prefers nodes whose resources come to be used to the same degree by the pod. The balance of a node is 100 less the
/// standard deviation of the shares in use, in percent, which is 50 at least; the score is 75 where the pod changes
/// nothing, and half a point more or less for each percent of balance that it brings or takes.
/// </summary>
public sealed class NodeResourcesBalancedAllocationPlugin : IScorePlugin
{
    private const int MaxScore = 100;

    private readonly CountedResource[] _resources;
    private readonly double[] _shares;

    /// <param name="scalars">Names of extended resources.</param>
    /// <param name="resources">What is looked at; null for cpu and memory.</param>
    public NodeResourcesBalancedAllocationPlugin(
        ScalarResources? scalars = null, IReadOnlyList<string>? resources = null)
    {
        var names = resources ?? SchedulerProfile.UsuallyBalanced;
        _resources = [.. names.Select(r => CountedResource.Of(r, scalars ?? new()))];
        _shares = new double[_resources.Length];
    }

    public string Name => "NodeResourcesBalancedAllocation";

    public int Weight => 1;

    public ScoreScale Scale => ScoreScale.None;

    public int Score(PodShape pod, NodeInfo node)
    {
        if (!WantsAny(pod))
        {
            return 0; // pods that request nothing would all land on the best balanced node
        }

        var gain = Balance(pod, node, isThere: true) - Balance(pod, node, isThere: false);
        return (MaxScore / 2) + (((MaxScore / 2) + gain) / 2);
    }

    private bool WantsAny(PodShape pod)
    {
        foreach (var resource in _resources)
        {
            if (resource.WantedBy(pod.Requests) > 0)
            {
                return true;
            }
        }

        return false;
    }

    private int Balance(PodShape pod, NodeInfo node, bool isThere)
    {
        var (count, sum) = (0, 0.0);
        foreach (var resource in _resources)
        {
            var wanted = resource.WantedBy(pod.Requests);
            var allocatable = resource.IsWantedOnly && wanted == 0 ? 0 : resource.AllocatableOn(node);
            if (allocatable > 0)
            {
                var used = resource.RequestedOn(node) + (isThere ? wanted : 0);
                _shares[count] = Math.Min(1.0, (double)used / allocatable);
                sum += _shares[count++];
            }
        }

        return (int)((1 - Deviation(_shares.AsSpan(0, count), sum / count)) * MaxScore);
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
