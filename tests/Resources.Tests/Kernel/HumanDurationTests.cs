using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class HumanDurationTests
{
    private const int Minute = 60;
    private const int Hour = 60 * Minute;
    private const int Day = 24 * Hour;

    [Theory]
    [InlineData(-2, "<invalid>")]
    [InlineData(-1, "0s")]
    [InlineData(0, "0s")]
    [InlineData(119, "119s")]
    [InlineData(2 * Minute, "2m")]
    [InlineData((3 * Minute) + 10, "3m10s")]
    [InlineData(10 * Minute, "10m")]
    [InlineData((2 * Hour) + (59 * Minute), "179m")]
    [InlineData(3 * Hour, "3h")]
    [InlineData((7 * Hour) + Minute, "7h1m")]
    [InlineData(47 * Hour, "47h")]
    [InlineData((2 * Day) + Hour, "2d1h")]
    [InlineData(8 * Day, "8d")]
    [InlineData(2 * 365 * Day, "2y")]
    [InlineData((2 * 365 * Day) + (30 * Day), "2y30d")]
    [InlineData(8L * 365 * Day, "8y")]
    public void DurationsReadAsPeopleExpect(long seconds, string text) =>
        Assert.Equal(text, HumanDuration.Format(TimeSpan.FromSeconds(seconds)));
}
