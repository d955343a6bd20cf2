namespace OrleansOrchestrator.Cel.Costs;

/// <summary>The least and the most a cost or a size can be. Arithmetic on it stays at the largest number.</summary>
public readonly record struct CelCost(ulong Min, ulong Max)
{
    public static readonly CelCost Unknown = new(0, ulong.MaxValue);

    public static CelCost Of(ulong cost) => new(cost, cost);

    public static CelCost operator +(CelCost left, CelCost right) => left.Add(right);

    public static CelCost operator *(CelCost left, CelCost right) => left.Multiply(right);

    public CelCost Add(CelCost other) => new(Sum(Min, other.Min), Sum(Max, other.Max));

    public CelCost Multiply(CelCost other) => new(Product(Min, other.Min), Product(Max, other.Max));

    /// <summary>So many for each, rounded up.</summary>
    public CelCost Times(double factor) => new(Scaled(Min, factor), Scaled(Max, factor));

    /// <summary>What covers both.</summary>
    public CelCost Union(CelCost other) => new(Math.Min(Min, other.Min), Math.Max(Max, other.Max));

    public static ulong Sum(ulong left, ulong right) => left > ulong.MaxValue - right ? ulong.MaxValue : left + right;

    public static ulong Product(ulong left, ulong right) =>
        Math.BigMul(left, right, out var low) == 0 ? low : ulong.MaxValue;

    private static ulong Scaled(ulong count, double factor)
    {
        var scaled = Math.Ceiling(count * factor);
        return scaled >= 18446744073709551616.0 ? ulong.MaxValue : (ulong)scaled;
    }
}
