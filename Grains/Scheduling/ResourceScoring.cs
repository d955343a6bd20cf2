namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Which nodes are better, by how full they are.</summary>
public enum ResourceStrategy
{
    /// <summary>The emptiest.</summary>
    LeastAllocated,

    /// <summary>The fullest that has room.</summary>
    MostAllocated,

    /// <summary>As a function says.</summary>
    RequestedToCapacityRatio,
}

/// <summary>How what nodes have left is scored, as upstream's NodeResourcesFitArgs say it. Pure.</summary>
public sealed record ResourceScoring
{
    private const int MaxScore = 100;

    /// <summary>As nodes are scored when nobody says anything.</summary>
    public static readonly ResourceScoring Default = new();

    public ResourceStrategy Strategy { get; init; }

    /// <summary>What counts, and how much.</summary>
    public IReadOnlyList<(string Name, int Weight)> Resources { get; init; } = [("cpu", 1), ("memory", 1)];

    /// <summary>The function: between two points it is a straight line.</summary>
    public IReadOnlyList<(int Utilization, int Score)> Shape { get; init; } = [];

    /// <summary>0 to 100 for one resource of which there is some.</summary>
    public int Score(long requested, long allocatable) => Strategy switch
    {
        ResourceStrategy.LeastAllocated =>
            requested > allocatable ? 0 : Share(allocatable - requested, allocatable),
        ResourceStrategy.MostAllocated => Share(Math.Min(requested, allocatable), allocatable),
        _ => At(requested > allocatable ? MaxScore : Share(requested, allocatable)),
    };

    private static int Share(long part, long all) => (int)((Int128)part * MaxScore / all);

    private int At(int utilization)
    {
        for (var i = 0; i < Shape.Count; i++)
        {
            var (right, score) = Shape[i];
            if (utilization > right)
            {
                continue;
            }

            if (i == 0)
            {
                return score;
            }

            var (left, from) = Shape[i - 1];
            return from + ((score - from) * (utilization - left) / (right - left));
        }

        return Shape[^1].Score;
    }
}
