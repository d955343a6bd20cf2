namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>What one level may get: its target, and bounds around it.</summary>
public readonly record struct SeatClaim(double Lower, double Upper, double Target);

/// <summary>
/// Divides seats among levels: each gets the same fraction of its target, unless that is outside of its bounds; then it
/// gets the bound. All seats are given away.
/// </summary>
public static class SeatAllocation
{
    /// <summary>Below this targets do not differ, so that fractions of nothing are not asked for.</summary>
    public const double MinTarget = 0.001;

    private const double Tolerance = 1e-7;

    /// <summary>The seats of each claim, in order; null when the bounds leave no way.</summary>
    /// <param name="seats">How many there are to divide.</param>
    /// <param name="claims">Each with 0 ≤ lower ≤ upper and lower ≤ target.</param>
    /// <param name="fraction">The fraction that those within their bounds got of their targets.</param>
    public static double[]? Divide(double seats, IReadOnlyList<SeatClaim> claims, out double fraction)
    {
        fraction = 0;
        if (claims.Sum(static c => c.Lower) > seats + Tolerance
            || claims.Sum(static c => c.Upper) < seats - Tolerance)
        {
            return null;
        }

        fraction = FairFraction(seats, claims);
        var fair = fraction;
        return [.. claims.Select(c => At(c, fair))];
    }

    private static double At(SeatClaim claim, double fraction) =>
        Math.Clamp(fraction * Target(claim), claim.Lower, claim.Upper);

    private static double Target(SeatClaim claim) => Math.Max(claim.Target, MinTarget);

    /// <summary>
    /// What is given away grows with the fraction, in straight lines between the fractions at which a claim meets a
    /// bound: the answer lies on the line that passes the number of seats.
    /// </summary>
    private static double FairFraction(double seats, IReadOnlyList<SeatClaim> claims)
    {
        double from = 0;
        foreach (var bend in claims.SelectMany(static c => new[] { c.Lower / Target(c), c.Upper / Target(c) }).Order())
        {
            var given = claims.Sum(c => At(c, bend));
            if (given >= seats)
            {
                var before = claims.Sum(c => At(c, from));
                return given - before <= 0 ? bend : from + ((bend - from) * (seats - before) / (given - before));
            }

            from = bend;
        }

        return from;
    }
}
