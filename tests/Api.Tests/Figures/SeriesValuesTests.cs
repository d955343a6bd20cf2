using System.Collections.Frozen;
using OrleansOrchestrator.Api.Figures;
using OrleansOrchestrator.Api.Usage;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Figures;

public sealed class SeriesValuesTests
{
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
        Assert.Equal(expected, Read(metric, selector, Scrape(Before, metric, default)));

    [Fact]
    public void A_rate_needs_two_answers()
    {
        Assert.Equal("", Read("requests", "", null));
        Assert.Equal("queue=in:4.5", Read("jobs", "", null));
    }

    [Theory]
    [InlineData("jobs", true)]
    [InlineData("requests_total", true)]
    [InlineData("work_seconds_total", true)]
    [InlineData("jobs_total", true)]
    [InlineData("work", true)]
    [InlineData("job", false)]
    [InlineData("other_total", false)]
    public void Only_series_of_wanted_figures_are_told(string series, bool expected) => Assert.Equal(
        expected,
        SeriesValues.Tells(series, new HashSet<string>(["jobs", "requests", "work"], StringComparer.Ordinal)));

    [Theory]
    [InlineData("jobs", "queue=in", true)]
    [InlineData("jobs", "queue=none", false)]
    [InlineData("requests", "", true)]
    [InlineData("requests", "code=404", false)]
    [InlineData("nothing", "", false)]
    public void What_a_pod_has_told_is_known(string metric, string selector, bool expected) => Assert.Equal(
        expected,
        SeriesValues.Has(metric, LabelSelector.Parse(selector).Required, Scrape(Before, metric, default)));

    private static PodScrape Scrape(string text, string metric, TimeSpan moment)
    {
        var figures = new[] { metric }.ToFrozenSet(StringComparer.Ordinal);
        return PodScrape.Of(
            PrometheusText.Read(text).Where(s => double.IsFinite(s.Value) && SeriesValues.Tells(s.Name, figures)),
            figures, default, moment);
    }

    private static string Read(string metric, string selector, PodScrape? before) => string.Join(' ', SeriesValues
        .Read(
            metric, LabelSelector.Parse(selector).Required, before,
            Scrape(Last, metric, TimeSpan.FromSeconds(10)))
        .Select(static s => string.Join(',', s.Labels.Select(static l => $"{l.Key}={l.Value}"))
            + FormattableString.Invariant($":{s.Value}")));
}
