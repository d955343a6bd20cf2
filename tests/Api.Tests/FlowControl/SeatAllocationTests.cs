using CsCheck;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class SeatAllocationTests
{
    private static readonly Gen<SeatClaim> Claim = Gen.Select(
        Gen.Int[0, 100], Gen.Int[0, 100], Gen.Int[0, 1000],
        static (lower, more, above) => new SeatClaim(lower, lower + above, lower + more));

    /// <summary>
    /// Upstream's promise: a common fraction of all targets, unless a bound forbids it, and all is given.
    /// </summary>
    [Fact]
    public void AllSeatsGoByTheSameFraction() =>
        Gen.Select(Claim.Array[1, 10], Gen.Double[0, 1]).Check((claims, part) =>
        {
            var (low, high) = (claims.Sum(static c => c.Lower), claims.Sum(static c => c.Upper));
            var seats = Math.Round(low + (part * (high - low)));
            var given = SeatAllocation.Divide(seats, claims, out var fraction);
            Assert.NotNull(given);
            Assert.Equal(seats, given.Sum(), 1e-6);
            foreach (var (claim, got) in claims.Zip(given))
            {
                var fair = fraction * Math.Max(claim.Target, SeatAllocation.MinTarget);
                Assert.Equal(Math.Min(claim.Upper, Math.Max(claim.Lower, fair)), got, 1e-6);
            }
        });

    [Theory]
    [InlineData(5)]
    [InlineData(41)]
    public void WhatTheBoundsForbidIsNotDivided(double seats) => Assert.Null(
        SeatAllocation.Divide(seats, [new(3, 20, 10), new(3, 20, 10)], out _));
}
