using OrleansOrchestrator.Api.Figures;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Figures;

public sealed class SeriesValuesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private const string Before = """
        # TYPE jobs gauge
        jobs{queue="in"} 3
        requests_total{code="200"} 100
        requests_total{code="500"} 8
        work_seconds_total 5
        """;

    private const string Last = """
        jobs{queue="in"} 4.5
        jobs{queue="out"} NaN
        requests_total{code="200"} 150
        requests_total{code="500"} 2
        requests_total{code="404"} 7
        work_seconds_total 10
        """;

    [Theory]
    [InlineData("jobs", "", "queue=in:4.5")]
    [InlineData("jobs", "queue=out", "")]
    [InlineData("requests", "", "code=200:5 code=500:0.2")]
    [InlineData("requests", "code!=500", "code=200:5")]
    [InlineData("work", "", ":0.5")]
    [InlineData("work_seconds", "", ":0.5")]
    [InlineData("requests_total", "", "")]
    [InlineData("nothing", "", "")]
    public void Gauges_are_as_they_are_and_counters_are_rates(string metric, string selector, string expected) =>
        Assert.Equal(expected, Read(metric, selector, PodScrape.Read(Before, Start, 100)));

    [Fact]
    public void A_rate_needs_two_answers()
    {
        Assert.Equal("", Read("requests", "", null));
        Assert.Equal("queue=in:4.5", Read("jobs", "", null));
    }

    [Fact]
    public void Of_too_many_series_the_first_count()
    {
        var read = PodScrape.Read("a 1\nb 2\nc 3\n", Start, 2);
        Assert.Equal(["a", "b"], read.Samples.Select(static s => s.Key));
    }

    private static string Read(string metric, string selector, PodScrape? before) => string.Join(' ', SeriesValues
        .Read(metric, LabelSelector.Parse(selector).Required, before, PodScrape.Read(Last, Start.AddSeconds(10), 100))
        .Select(static s => string.Join(',', s.Labels.Select(static l => $"{l.Key}={l.Value}"))
            + FormattableString.Invariant($":{s.Value}")));
}
