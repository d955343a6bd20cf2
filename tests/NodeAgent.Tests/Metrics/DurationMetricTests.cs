using OrleansOrchestrator.NodeAgent.Metrics;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Metrics;

public sealed class DurationMetricTests
{
    [Fact]
    public void Kinds_are_told_apart_by_all_their_labels()
    {
        var metric = new DurationMetric("d_seconds", "Help.", [0.1, 1], "first", "second");
        metric.Record(TimeSpan.FromSeconds(0.1), "a", "x");
        metric.Record(TimeSpan.FromSeconds(0.5), "a", "x");
        metric.Record(TimeSpan.FromSeconds(9), "a", "");
        Assert.Equal(
            [
                "# HELP d_seconds Help.", "# TYPE d_seconds histogram",
                "d_seconds_bucket{first=\"a\",second=\"\",le=\"0.1\"} 0",
                "d_seconds_bucket{first=\"a\",second=\"\",le=\"1\"} 0",
                "d_seconds_bucket{first=\"a\",second=\"\",le=\"+Inf\"} 1",
                "d_seconds_sum{first=\"a\",second=\"\"} 9",
                "d_seconds_count{first=\"a\",second=\"\"} 1",
                "d_seconds_bucket{first=\"a\",second=\"x\",le=\"0.1\"} 1",
                "d_seconds_bucket{first=\"a\",second=\"x\",le=\"1\"} 2",
                "d_seconds_bucket{first=\"a\",second=\"x\",le=\"+Inf\"} 2",
                "d_seconds_sum{first=\"a\",second=\"x\"} 0.6",
                "d_seconds_count{first=\"a\",second=\"x\"} 2",
            ],
            Lines(metric.Write));
    }

    [Fact]
    public void What_has_one_kind_only_is_told_from_the_beginning_on()
    {
        var (plain, labelled) = (new CountMetric("a_total", "A."), new CountMetric("b_total", "B.", "code", "type"));
        Assert.Equal(["# HELP a_total A.", "# TYPE a_total counter", "a_total 0"], Lines(plain.Write));
        Assert.Equal(["# HELP b_total B.", "# TYPE b_total counter"], Lines(labelled.Write));
        plain.Add();
        labelled.Add("ErrImagePull", "container");
        labelled.Add("", "init_container");
        labelled.Add("ErrImagePull", "container");
        Assert.Equal("a_total 1", Lines(plain.Write)[^1]);
        Assert.Equal(
            [
                "b_total{code=\"\",type=\"init_container\"} 1", "b_total{code=\"ErrImagePull\",type=\"container\"} 2",
            ],
            Lines(labelled.Write)[2..]);
    }

    private static string[] Lines(Action<MetricsText> write)
    {
        var text = new MetricsText();
        write(text);
        return text.ToString().Split('\n')[..^1];
    }
}
