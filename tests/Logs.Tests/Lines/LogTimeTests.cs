using CsCheck;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Lines;

public sealed class LogTimeTests
{
    [Fact]
    public void Times_are_read_as_they_are_written() => Gen.Long[0, 9_000_000_000_000_000_000].Check(static nanos =>
    {
        Assert.True(LogTime.TryParse(LogTime.Format(nanos), out var read));
        Assert.Equal(nanos, read);
    });

    [Theory]
    [InlineData("2026-11-28T19:00:00Z", 1795892400_000000000)]
    [InlineData("2026-11-28T20:00:00.5+01:00", 1795892400_500000000)]
    [InlineData("2026-11-28T18:30:00.000000001-00:30", 1795892400_000000001)]
    public void Zones_and_fractions_count(string text, long nanos)
    {
        Assert.True(LogTime.TryParse(text, out var read));
        Assert.Equal(nanos, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-28")]
    [InlineData("2026-02-30T00:00:00Z")]
    [InlineData("2026-11-28T19:00:00")]
    [InlineData("2026-11-28T19:00:00.1")]
    [InlineData("1969-12-31T23:59:59Z")]
    public void What_is_no_time_is_none(string text) => Assert.False(LogTime.TryParse(text, out _));
}
