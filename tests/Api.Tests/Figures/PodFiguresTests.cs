using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Figures;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Figures;

/// <summary>Pods tell figures on loopback, and the groups of figures tell what autoscalers want to know.</summary>
public sealed class PodFiguresTests : IAsyncLifetime
{
    private const string Custom = "/apis/custom.metrics.k8s.io/v1beta2";
    private const string OlderCustom = "/apis/custom.metrics.k8s.io/v1beta1";
    private const string External = "/apis/external.metrics.k8s.io/v1beta1";
    private static readonly TimeSpan LookToLook = TimeSpan.FromSeconds(15);

    private readonly PodEndpoints _pods = new();
    private readonly ManualTime _time = new();
    private readonly Measured _measured = new();
    private readonly SetClock _clock;
    private ProtocolHost _host = null!;

    public PodFiguresTests() => _clock = new SetClock(_time);

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _pods.StartAsync(Limit);
        _host = await ProtocolHost.StartAsync(configure: services =>
        {
            services.AddSingleton<TimeProvider>(_clock);
            services.AddSingleton<IResourceMetrics>(_measured);
            services.AddSingleton(new ProxyConnections(static _ => true));
            services.AddPodFigures();
        });
        await PutPodAsync("a", "web");
        await PutPodAsync("b", "web");
        await PutPodAsync("c", "other");
        await PutPodAsync("silent", "web", "false");
        await PutAsync("services", "web", """{"kind":"Service","spec":{"selector":{"app":"web"}},""");
        _pods.Told["/a"] = "jobs{queue=\"in\"} 3\njobs{queue=\"out\"} 1\nrequests_total 100\n";
        _pods.Told["/b"] = "jobs{queue=\"in\"} 5.5\nrequests_total 40\n";
        _pods.Told["/c"] = "jobs{queue=\"in\"} 100\nrequests_total 0\n";
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _pods.DisposeAsync();
    }

    [Theory]
    [InlineData(Custom + "/namespaces/shop/pods/*/jobs", "a=4 b=5500m c=100")]
    [InlineData(Custom + "/namespaces/shop/pods/*/jobs?labelSelector=app%3Dweb", "a=4 b=5500m")]
    [InlineData(Custom + "/namespaces/shop/pods/*/jobs?metricLabelSelector=queue%3Dout", "a=1")]
    [InlineData(Custom + "/namespaces/shop/pods/b/jobs", "b=5500m")]
    [InlineData(Custom + "/namespaces/shop/services/web/jobs", "web=9500m")]
    [InlineData(Custom + "/namespaces/shop/metrics/jobs", "shop=109500m")]
    [InlineData(External + "/namespaces/shop/jobs?labelSelector=queue%3Din", "a/in=3 b/in=5500m c/in=100")]
    [InlineData(External + "/namespaces/elsewhere/jobs", "")]
    public async Task What_annotated_pods_tell_is_told(string path, string expected)
    {
        var list = await _host.GetJsonAsync(path);
        var items = list["items"]!.AsArray();
        Assert.Equal(expected, string.Join(' ', items.Select(static i => $"{NameOf(i!)}={i!["value"]}")));
        Assert.All(items, static i => Assert.Equal("2030-01-02T00:00:00Z", (string?)i!["timestamp"]));
    }

    [Fact]
    public async Task An_answer_has_the_forms_of_upstream()
    {
        Assert.Equal(
            """
            {"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","metadata":{},"items":[
            {"describedObject":{"kind":"Pod","namespace":"shop","name":"b","apiVersion":"v1"},
            "metric":{"name":"jobs","selector":null},"timestamp":"2030-01-02T00:00:00Z","value":"5500m"}]}
            """.ReplaceLineEndings(""),
            (await _host.GetJsonAsync(Custom + "/namespaces/shop/pods/b/jobs")).ToJsonString());
        Assert.Equal(
            """
            {"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta1","metadata":{},"items":[
            {"describedObject":{"kind":"Pod","namespace":"shop","name":"b","apiVersion":"v1"},
            "metricName":"jobs","timestamp":"2030-01-02T00:00:00Z","value":"5500m","selector":null}]}
            """.ReplaceLineEndings(""),
            (await _host.GetJsonAsync(OlderCustom + "/namespaces/shop/pods/b/jobs")).ToJsonString());
        Assert.Equal(
            """
            {"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","metadata":{},
            "items":[{"metricName":"jobs","metricLabels":{"queue":"out","pod":"a"},
            "timestamp":"2030-01-02T00:00:00Z","value":"1"}]}
            """.ReplaceLineEndings(""),
            (await _host.GetJsonAsync(External + "/namespaces/shop/jobs?labelSelector=queue%3Dout")).ToJsonString());
    }

    [Fact]
    public async Task A_counter_is_a_rate_from_the_second_look_on()
    {
        const string Path = Custom + "/namespaces/shop/pods/*/requests?labelSelector=app%3Dweb";
        Assert.Equal(
            (HttpStatusCode.NotFound, "the server could not find the metric requests for pods"),
            await RefusedAsync(Path));
        _pods.Told["/a"] = "requests_total 250\n";
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(Path)).Code);
        _time.Advance(LookToLook);
        var list = await _host.GetJsonAsync(Path);
        Assert.Equal(["10", "0"], list["items"]!.AsArray().Select(static i => (string?)i!["value"]));
    }

    [Fact]
    public async Task Setting_the_clock_neither_keeps_what_is_old_nor_changes_a_rate()
    {
        const string Path = Custom + "/namespaces/shop/pods/a/requests";
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(Path)).Code);
        _pods.Told["/a"] = "requests_total 250\n";
        _time.Advance(LookToLook);
        _clock.Offset = TimeSpan.FromHours(-1);
        Assert.Equal("10", await ValuesAsync(Path));
    }

    [Fact]
    public async Task A_silent_pod_keeps_its_figure_for_a_while_and_then_there_is_no_sum()
    {
        const string Services = Custom + "/namespaces/shop/services/web/jobs";
        const string Pods = Custom + "/namespaces/shop/pods/*/jobs?labelSelector=app%3Dweb";
        const string Silence = ": no answer from the metrics endpoints of pods b";
        var told = _pods.Told["/b"];
        Assert.Equal("9500m", await ValuesAsync(Services));
        _pods.Told.TryRemove("/b", out _);
        _time.Advance(LookToLook);
        Assert.Equal("9500m", await ValuesAsync(Services));
        Assert.Equal("4 5500m", await ValuesAsync(Pods));

        // What it told is too old now: autoscalers know what to make of a pod without a figure, not of a lower sum.
        _time.Advance(3 * LookToLook);
        Assert.Equal("4", await ValuesAsync(Pods));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "unable to fetch metric jobs of services web" + Silence),
            await RefusedAsync(Services));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "unable to fetch metric jobs of namespaces shop" + Silence),
            await RefusedAsync(Custom + "/namespaces/shop/metrics/jobs"));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "unable to fetch metric jobs of pods b" + Silence),
            await RefusedAsync(Custom + "/namespaces/shop/pods/b/jobs"));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "unable to fetch metric jobs" + Silence),
            await RefusedAsync(External + "/namespaces/shop/jobs?labelSelector=queue%3Din"));

        // It had no part in these.
        Assert.Equal("1", await ValuesAsync(External + "/namespaces/shop/jobs?labelSelector=queue%3Dout"));
        _pods.Told["/b"] = told;
        _time.Advance(LookToLook);
        Assert.Equal("9500m", await ValuesAsync(Services));
    }

    [Theory]
    [InlineData(
        "True", "", "unable to fetch metric jobs of services web: no answer from the metrics endpoints of pods d")]
    [InlineData("False", "", null)]
    [InlineData("True", ",\"deletionTimestamp\":\"2030-01-02T00:00:00Z\"", null)]
    public async Task Who_is_ready_and_never_told_is_missed_and_who_starts_or_ends_is_not(
        string ready, string metadata, string? refusal)
    {
        await PutPodAsync("d", "web", ready: ready, metadata: metadata);
        const string Path = Custom + "/namespaces/shop/services/web/jobs";
        if (refusal is null)
        {
            Assert.Equal("9500m", await ValuesAsync(Path));
        }
        else
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, refusal), await RefusedAsync(Path));
        }
    }

    [Theory]
    [InlineData("/namespaces/shop/pods/*/nothing", "the server could not find the metric nothing for pods")]
    [InlineData(
        "/namespaces/shop/services/web/nothing", "the server could not find the metric nothing for services web")]
    [InlineData("/namespaces/shop/services/none/jobs", "services \"none\" not found")]
    [InlineData("/namespaces/shop/pods/none/jobs", "pods \"none\" not found")]
    [InlineData("/namespaces/shop/stars/web/jobs", "the server could not find the requested resource")]
    public async Task What_is_not_there_is_said_in_upstreams_words(string path, string message) =>
        Assert.Equal((HttpStatusCode.NotFound, message), await RefusedAsync(Custom + path));

    [Fact]
    public async Task Controllers_ask_as_they_would_ask_an_adapter_and_discovery_names_both_groups()
    {
        var apis = _host.Services.GetRequiredService<IAggregatedApis>();
        var served = (await apis.DiscoverAsync(Limit)).Versions;
        Assert.Equal(
            [
                "custom.metrics.k8s.io/v1beta2", "custom.metrics.k8s.io/v1beta1", "external.metrics.k8s.io/v1beta1",
            ],
            served);
        var answer = await apis.SendAsync(
            new AggregatedRequest(
                "custom.metrics.k8s.io", "v1beta2", "/namespaces/shop/pods/*/jobs?labelSelector=app%3Dweb",
                new UserIdentity { Name = "hpa" }),
            Limit);
        Assert.Equal(2, JsonNode.Parse(answer.Required.Span)!["items"]!.AsArray().Count);
        var groups = (await _host.GetJsonAsync("/apis"))["groups"]!.AsArray().Select(static g => (string?)g!["name"]);
        Assert.Contains("custom.metrics.k8s.io", groups);
        var custom = await _host.GetJsonAsync("/apis/custom.metrics.k8s.io");
        Assert.Equal("v1beta2", (string?)custom["preferredVersion"]!["version"]);
        Assert.Equal(["v1beta2", "v1beta1"], custom["versions"]!.AsArray().Select(static v => (string?)v!["version"]));
        var resources = (await _host.GetJsonAsync(OlderCustom))["resources"]!.AsArray();
        Assert.Equal("MetricValueList", (string?)resources.Single()!["kind"]);

        // Who leaves metrics out has neither, as a cluster without an adapter.
        _measured.IsAvailable = false;
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(Custom + "/namespaces/shop/pods/*/jobs")).Code);
        Assert.Empty((await apis.DiscoverAsync(Limit)).Versions);
        Assert.False((await apis.SendAsync(
            new AggregatedRequest("custom.metrics.k8s.io", "v1beta2", "/", new UserIdentity { Name = "hpa" }), Limit))
            .Succeeded);
    }

    private static string NameOf(JsonNode item) => item["describedObject"] is { } of
        ? (string)of["name"]!
        : $"{item["metricLabels"]!["pod"]}/{item["metricLabels"]!["queue"]}";

    private async Task<string> ValuesAsync(string path) => string.Join(
        ' ', (await _host.GetJsonAsync(path))["items"]!.AsArray().Select(static i => (string?)i!["value"]));

    private async Task<(HttpStatusCode Code, string? Message)> RefusedAsync(string path)
    {
        using var answer = await _host.Http.GetAsync(new Uri(path, UriKind.Relative), Limit);
        var text = await answer.Content.ReadAsStringAsync(Limit);
        return (answer.StatusCode, text.StartsWith('{') ? (string?)JsonNode.Parse(text)!["message"] : text);
    }

    private Task PutPodAsync(
        string name, string app, string scrape = "true", string ready = "True", string metadata = "") => PutAsync(
        "pods", name, $$"""
        {"kind":"Pod","spec":{"containers":[{"name":"c","image":"x","ports":[{"containerPort":1}]}]},
         "status":{"phase":"Running","podIP":"127.0.0.1","conditions":[{"type":"Ready","status":"{{ready}}"}]},
        """, $$"""
        {{metadata}},"labels":{"app":"{{app}}"},
        "annotations":{"prometheus.io/scrape":"{{scrape}}","prometheus.io/path":"/{{name}}",
        "prometheus.io/port":"{{_pods.Port}}"}
        """);

    private async Task PutAsync(string plural, string name, string rest, string metadata = "")
    {
        var resource = new ResourceName("", plural);
        var json = $$"""
            {{rest}}"apiVersion":"v1","metadata":{"name":"{{name}}","namespace":"shop","uid":"uid-{{name}}",
            "resourceVersion":""{{metadata}}}
            }
            """;
        var written = await _host.Silos.ObjectGrain(resource, new ObjectKey("shop", name)).WriteAsync(
            TestObjects.FromText(WriteKind.Create, 0, $"uid-{name}", json), Limit);
        Assert.True(written.Succeeded, written.Error?.Message);

        // What was written has reached the cache.
        await _host.Services.GetRequiredService<ObjectReader>().SnapshotAsync(
            resource, ReadFreshness.Linearizable, Limit);
    }

    private sealed class Measured : IResourceMetrics
    {
        public bool IsAvailable { get; set; } = true;

        public PodUsage? Find(ResourceObject pod) => null;

        public NodeUsage? FindNode(ResourceObject node) => null;
    }
}
