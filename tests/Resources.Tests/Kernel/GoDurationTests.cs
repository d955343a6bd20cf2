using OrleansOrchestrator.Formats;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>People and programs read durations in messages and write them in options.</summary>
public sealed class GoDurationTests
{
    [Theory]
    [InlineData("5m0s", 300_000)]
    [InlineData("1h2m3s", 3_723_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("250ms", 250)]
    [InlineData("0", 0)]
    [InlineData("-1m", -60_000)]
    [InlineData("", null)]
    [InlineData("5", null)]
    [InlineData("s", null)]
    [InlineData("5q", null)]
    [InlineData("1.2.3s", null)]
    public void Durations_are_read_as_in_Go(string text, int? milliseconds) => Assert.Equal(
        milliseconds is { } value ? TimeSpan.FromMilliseconds(value) : (TimeSpan?)null,
        GoDuration.Read(text, out var read) is null ? read : null);

    [Theory]
    [InlineData(10_000, "10s")]
    [InlineData(80_000, "1m20s")]
    [InlineData(300_000, "5m0s")]
    [InlineData(345, "345ms")]
    [InlineData(1_500, "1.5s")]
    [InlineData(3_600_000, "1h0m0s")]
    public void Durations_read_as_in_Go(long milliseconds, string text) =>
        Assert.Equal(text, GoDuration.Format(TimeSpan.FromMilliseconds(milliseconds)));
}
