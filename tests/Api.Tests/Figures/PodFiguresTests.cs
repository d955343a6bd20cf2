using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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
    private const string External = "/apis/external.metrics.k8s.io/v1beta1";
    private static readonly TimeSpan LookToLook = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, string> _told = new(StringComparer.Ordinal);
    private readonly ManualTime _time = new();
    private readonly Measured _measured = new();
    private WebApplication _pods = null!;
    private ProtocolHost _host = null!;

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _pods = builder.Build();
        _pods.Run(context => context.Response.WriteAsync(_told[context.Request.Path.Value!]));
        await _pods.StartAsync(Limit);
        _host = await ProtocolHost.StartAsync(configure: services =>
        {
            services.AddSingleton<TimeProvider>(_time);
            services.AddSingleton<IResourceMetrics>(_measured);
            services.AddSingleton(new ProxyConnections(static _ => true));
            services.AddPodFigures();
        });
        await PutPodAsync("a", "web");
        await PutPodAsync("b", "web");
        await PutPodAsync("c", "other");
        await PutPodAsync("silent", "web", "false");
        await PutAsync("services", "web", """{"kind":"Service","spec":{"selector":{"app":"web"}},""");
        _told["/a"] = "jobs{queue=\"in\"} 3\njobs{queue=\"out\"} 1\nrequests_total 100\n";
        _told["/b"] = "jobs{queue=\"in\"} 5.5\nrequests_total 40\n";
        _told["/c"] = "jobs{queue=\"in\"} 100\nrequests_total 0\n";
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
        _told["/a"] = "requests_total 250\n";
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(Path)).Code);
        _time.Advance(LookToLook);
        var list = await _host.GetJsonAsync(Path);
        Assert.Equal(["10", "0"], list["items"]!.AsArray().Select(static i => (string?)i!["value"]));
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
        Assert.Contains("custom.metrics.k8s.io/v1beta2", served);
        Assert.Contains("external.metrics.k8s.io/v1beta1", served);
        var answer = await apis.SendAsync(
            new AggregatedRequest(
                "custom.metrics.k8s.io", "v1beta2", "/namespaces/shop/pods/*/jobs?labelSelector=app%3Dweb",
                new UserIdentity { Name = "hpa" }),
            Limit);
        Assert.Equal(2, JsonNode.Parse(answer.Required.Span)!["items"]!.AsArray().Count);
        var groups = (await _host.GetJsonAsync("/apis"))["groups"]!.AsArray().Select(static g => (string?)g!["name"]);
        Assert.Contains("custom.metrics.k8s.io", groups);

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

    private async Task<(HttpStatusCode Code, string? Message)> RefusedAsync(string path)
    {
        using var answer = await _host.Http.GetAsync(new Uri(path, UriKind.Relative), Limit);
        var text = await answer.Content.ReadAsStringAsync(Limit);
        return (answer.StatusCode, text.StartsWith('{') ? (string?)JsonNode.Parse(text)!["message"] : text);
    }

    private Task PutPodAsync(string name, string app, string scrape = "true") => PutAsync("pods", name, $$"""
        {"kind":"Pod","spec":{"containers":[{"name":"c","image":"x","ports":[{"containerPort":1}]}]},
         "status":{"phase":"Running","podIP":"127.0.0.1"},
        """, $$"""
        ,"labels":{"app":"{{app}}"},"annotations":{"prometheus.io/scrape":"{{scrape}}","prometheus.io/path":"/{{name}}",
        "prometheus.io/port":"{{new Uri(_pods.Urls.First()).Port}}"}
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
