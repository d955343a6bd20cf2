namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Prefers nodes on which cpu and memory are used to the same degree: 100 less half the difference of the two shares.
/// </summary>
public sealed class NodeResourcesBalancedAllocationPlugin : IScorePlugin
{
    private const double MaxScore = 100;

    public string Name => "NodeResourcesBalancedAllocation";

    public int Weight => 1;

    public ScoreScale Scale => ScoreScale.None;

    public int Score(PodShape pod, NodeInfo node)
    {
        var requests = pod.Requests;
        if (requests.MilliCpu == 0 && requests.MemoryBytes == 0)
        {
            // Pods that request nothing would all land on the best balanced node.
            return 0;
        }

        if (node.AllocatableMilliCpu <= 0 || node.AllocatableMemoryBytes <= 0)
        {
            return (int)MaxScore;
        }

        var cpu = Math.Min(1.0, (double)(node.RequestedMilliCpu + requests.MilliCpu) / node.AllocatableMilliCpu);
        var memory =
            Math.Min(1.0, (double)(node.RequestedMemoryBytes + requests.MemoryBytes) / node.AllocatableMemoryBytes);
        return (int)((1 - Math.Abs((cpu - memory) / 2)) * MaxScore);
    }
}
