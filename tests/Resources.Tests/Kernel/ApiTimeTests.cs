using CsCheck;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class ApiTimeTests
{
    [Theory]
    [InlineData("2006-01-02T15:04:05.999+07:00", "2006-01-02T08:04:05Z")]
    [InlineData("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z")]
    [InlineData("0001-01-01T00:00:00.5Z", "0001-01-01T00:00:00Z")]
    public void A_time_is_told_in_whole_seconds_of_UTC(string moment, string text) =>
        Assert.Equal(text, DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture).ToApiText());

    [Theory]
    [InlineData("2006-01-02T15:04:05.1234567+07:00", "2006-01-02T08:04:05.123456Z")]
    [InlineData("2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000000Z")]
    public void A_moment_is_told_in_whole_microseconds_of_UTC(string moment, string text) => Assert.Equal(
        text, DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture).ToApiMicroText());

    [Fact]
    public void What_is_cut_is_less_than_a_second_and_nothing_of_it_is_told() =>
        Gen.DateTime.Check(moment =>
        {
            var utc = DateTime.SpecifyKind(moment, DateTimeKind.Utc);
            var cut = ApiTime.Seconds(utc);
            return cut.Kind == DateTimeKind.Utc && cut <= utc && utc - cut < TimeSpan.FromSeconds(1)
                && cut.Ticks % TimeSpan.TicksPerSecond == 0 && cut.ToApiText() == utc.ToApiText()
                && ApiTime.Seconds(new DateTimeOffset(utc)) == cut;
        });
}
