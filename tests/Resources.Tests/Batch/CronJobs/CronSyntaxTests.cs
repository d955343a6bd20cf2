using CsCheck;
using OrleansOrchestrator.Resources.Batch.CronJobs;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Batch.CronJobs;

/// <summary>Schedules, and what upstream's library says of bad ones.</summary>
public sealed class CronSyntaxTests
{
    private static readonly (int Min, int Max)[] Bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

    [Theory]
    [InlineData("* * * * *")]
    [InlineData("*/5 0-3,7 ? jan-mar SUN,mon")]
    [InlineData("59 23 31 12 6")]
    [InlineData("5/10 * * * *")]
    [InlineData("@hourly")]
    [InlineData("@every 1h30m")]
    [InlineData("TZ=UTC 0 0 * * *")]
    [InlineData("CRON_TZ=Europe/Berlin @daily")]
    public void Good(string schedule) => Assert.Null(CronSyntax.FindError(schedule));

    [Theory]
    [InlineData("foo", "expected exactly 5 fields, found 1: [foo]")]
    [InlineData("61 * * * *", "end of range (61) above maximum (59): 61")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("9-3 * * * *", "beginning of range (9) beyond end of range (3): 9-3")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("1-2-3 * * * *", "too many hyphens: 1-2-3")]
    [InlineData("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [InlineData("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax")]
    [InlineData(
        "99999999999999999999 * * * *",
        "failed to parse int from 99999999999999999999: strconv.Atoi: parsing \"99999999999999999999\": " +
        "value out of range")]
    [InlineData("@never", "unrecognized descriptor: @never")]
    [InlineData("@every x", "failed to parse duration @every x: time: invalid duration \"x\"")]
    [InlineData("TZ=Mars/Base * * * * *", "provided bad location Mars/Base: unknown time zone Mars/Base")]
    public void Bad(string schedule, string error) => Assert.Equal(error, CronSyntax.FindError(schedule));

    /// <summary>A list of ranges is good exactly when each of them lies within its field's bounds.</summary>
    [Fact]
    public void RangesMustLieWithinTheirField() => Gen.Select(Gen.Int[0, 4], Gen.Int[0, 70], Gen.Int[0, 70]).Check(
        (field, first, last) =>
        {
            var fields = Enumerable.Repeat("*", Bounds.Length).ToArray();
            fields[field] = $"{first}-{last}";
            var isGood = first >= Bounds[field].Min && last <= Bounds[field].Max && first <= last;
            return isGood == (CronSyntax.FindError(string.Join(' ', fields)) is null);
        });
}
