using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What adapters are asked, and what is made of their answers.</summary>
public sealed class CustomMetricsReaderTests
{
    private readonly FakeApis _apis = new()
    {
        Discovered = new AggregatedDiscovery(
            [
                "custom.metrics.k8s.io/v1beta2", "custom.metrics.k8s.io/v1beta1", "external.metrics.k8s.io/v1beta1",
            ],
            [], []),
    };

    private readonly List<string> _asked = [];

    [Fact]
    public async Task Figures_of_pods_are_asked_for_by_the_targets_selector()
    {
        Answer("""
            {"items":[{"describedObject":{"name":"a"},"value":"1500m"},{"describedObject":{"name":"b"},"value":"2"}]}
            """);
        var metric = Metric("requests", "verb", "get");
        var read = await ReadAsync(new V2MetricSpec
        {
            Type = "Pods", Pods = new V2PodsMetricSource { Metric = metric, Target = new V2MetricTarget() },
        });
        Assert.Equal(
            [
                "custom.metrics.k8s.io v1beta2 /namespaces/space/pods/*/requests?labelSelector=app%3Dweb"
                + "&metricLabelSelector=verb%3Dget",
            ],
            _asked);
        var answer = read.OfPods("space", metric, "app=web");
        Assert.Equal(new Dictionary<string, long> { ["a"] = 1500, ["b"] = 2000 }, answer.Value);
        Assert.Null(answer.Failure);
    }

    [Theory]
    [InlineData("v1", "Service", "web", "/namespaces/space/services/web/hits")]
    [InlineData("networking.k8s.io/v1", "Ingress", "door", "/namespaces/space/ingresses.networking.k8s.io/door/hits")]
    [InlineData("v1", "Namespace", "other", "/namespaces/space/metrics/hits")]
    public async Task Objects_are_asked_for_by_their_plural(string apiVersion, string kind, string name, string path)
    {
        Answer("{\"items\":[{\"value\":\"7\"}]}");
        var source = Source(apiVersion, kind, name);
        var read = await ReadAsync(new V2MetricSpec { Type = "Object", ObjectProperty = source });
        Assert.Equal([$"custom.metrics.k8s.io v1beta2 {path}"], _asked);
        Assert.Equal(new(7000, null), read.OfObject("space", source.Metric, source.DescribedObject));
    }

    [Theory]
    [InlineData("v1beta1", "v1beta1 v1beta2")]
    [InlineData("v1beta2", "v1 v1beta2 v1beta1")]
    public async Task Of_several_versions_the_preferred_one_that_is_understood_is_asked(string asked, string served)
    {
        _apis.Discovered = new AggregatedDiscovery(
            [.. served.Split(' ').Select(static v => $"custom.metrics.k8s.io/{v}")], [], []);
        Answer("{\"items\":[{\"value\":\"7\"}]}");
        await ReadAsync(new V2MetricSpec { Type = "Object", ObjectProperty = Source("v1", "Service", "web") });
        Assert.Equal([$"custom.metrics.k8s.io {asked} /namespaces/space/services/web/hits"], _asked);
    }

    [Fact]
    public async Task A_server_of_unknown_versions_is_not_asked()
    {
        _apis.Discovered = new AggregatedDiscovery(["custom.metrics.k8s.io/v1"], [], []);
        var source = Source("v1", "Service", "web");
        var read = await ReadAsync(new V2MetricSpec { Type = "Object", ObjectProperty = source });
        Assert.Equal(
            "unable to fetch metrics from custom metrics API: no known available metric versions found",
            read.OfObject("space", source.Metric, source.DescribedObject).Failure);
        Assert.Empty(_asked);
    }

    [Theory]
    [InlineData("{\"items\":[]}", "the custom metrics API server returned 0 results when we asked for exactly one")]
    [InlineData("{\"items\":[{\"value\":\"x\"}]}", "quantities must match the regular expression "
        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    public async Task An_answer_that_makes_no_sense_is_a_failure(string answer, string why)
    {
        Answer(answer);
        var source = Source("v1", "Service", "web");
        var read = await ReadAsync(new V2MetricSpec { Type = "Object", ObjectProperty = source });
        Assert.Equal(
            $"unable to fetch metrics from custom metrics API: {why}",
            read.OfObject("space", source.Metric, source.DescribedObject).Failure);
    }

    [Fact]
    public async Task Figures_from_outside_are_summed()
    {
        Answer("{\"items\":[{\"metricName\":\"q\",\"value\":\"1\"},{\"metricName\":\"q\",\"value\":\"500m\"}]}");
        var metric = Metric("queue", "name", "in");
        var read = await ReadAsync(External(metric));
        Assert.Equal(
            ["external.metrics.k8s.io v1beta1 /namespaces/space/queue?labelSelector=name%3Din"], _asked);
        Assert.Equal(new(1500, null), read.External("space", metric));
    }

    [Fact]
    public async Task A_sum_beyond_64_bits_is_the_largest_figure()
    {
        Answer("{\"items\":[{\"value\":\"9Pi\"},{\"value\":\"9Pi\"}]}");
        var metric = Metric("queue", "name", "in");
        var read = await ReadAsync(External(metric));
        Assert.Equal(new(long.MaxValue, null), read.External("space", metric));
    }

    [Fact]
    public async Task Where_nobody_serves_them_upstreams_words_say_so()
    {
        _apis.Discovered = AggregatedDiscovery.Nothing;
        _apis.Answer = request => new Status
        {
            Code = 404, Reason = "",
            Message = $"the server could not find the requested resource (get {request.Subject})",
        };
        var (metric, source) = (Metric("queue", "a", "b"), Source("v1", "Service", "web"));
        var read = await ReadAsync(
            External(metric), new V2MetricSpec { Type = "Object", ObjectProperty = source });
        Assert.Equal(
            "unable to fetch metrics from external metrics API: the server could not find the requested resource "
            + "(get queue.external.metrics.k8s.io)",
            read.External("space", metric).Failure);
        Assert.Equal(
            "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
            read.OfObject("space", source.Metric, source.DescribedObject).Failure);
    }

    private void Answer(string json) => _apis.Answer = request =>
    {
        _asked.Add($"{request.Group} {request.Version} {request.Path}");
        return (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(json);
    };

    private Task<ICustomMetrics> ReadAsync(params V2MetricSpec[] metrics) =>
        new CustomMetricsReader(
            _apis, new ResourceCatalog(BuiltInResources.Table), new UserIdentity { Name = "autoscaler" })
            .ReadAsync("space", metrics, "app=web", default);

    private static V2MetricIdentifier Metric(string name, string label, string value) => new()
    {
        Name = name,
        Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { [label] = value } },
    };

    private static V2MetricSpec External(V2MetricIdentifier metric) => new()
    {
        Type = "External",
        External = new V2ExternalMetricSource { Metric = metric, Target = new V2MetricTarget() },
    };

    private static V2ObjectMetricSource Source(string apiVersion, string kind, string name) => new()
    {
        DescribedObject = new V2CrossVersionObjectReference { ApiVersion = apiVersion, Kind = kind, Name = name },
        Metric = new V2MetricIdentifier { Name = "hits" }, Target = new V2MetricTarget(),
    };
}
