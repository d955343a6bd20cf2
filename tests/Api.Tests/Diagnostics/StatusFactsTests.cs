using OrleansOrchestrator.Api.Diagnostics;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Diagnostics;

/// <summary>The text and the paths of <c>/statusz</c>.</summary>
public sealed class StatusFactsTests
{
    private static readonly DateTimeOffset Started = new(2026, 3, 5, 7, 8, 9, TimeSpan.Zero);

    [Theory]
    [InlineData(-5, "0 hr 00 min 00 sec")]
    [InlineData(59.9, "0 hr 00 min 59 sec")]
    [InlineData(3661, "1 hr 01 min 01 sec")]
    [InlineData(360_000, "100 hr 00 min 00 sec")]
    public void Text_has_the_start_as_unix_tells_dates_and_the_uptime(double seconds, string uptime)
    {
        var text = new StatusFacts(Started, Started.AddSeconds(seconds), ["/livez", "/readyz"]).ToText("=");

        Assert.Equal(
            $"\nStarted= Thu Mar  5 07:08:09 UTC 2026\nUp= {uptime}\nGo version= dotnet{Environment.Version}\n"
                + "Binary version= 1.36.0\nEmulation version= 1.36\nPaths= /livez /readyz\n",
            text);
    }

    [Fact]
    public void Paths_are_first_segments_without_the_api() => Assert.Equal(
        ["/livez", "/metrics", "/readyz"],
        StatusFacts.PathsOf(
        [
            "/readyz/ping", "/readyz", "/metrics/slis", "/livez/ping", "/", "/api", "/api/v1", "/apis/", "/openapi/v3/",
            "/openid/v1/jwks", "/.well-known/openid-configuration",
        ]));
}
