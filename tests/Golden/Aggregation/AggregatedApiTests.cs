using System.Net;
using System.Net.WebSockets;
using System.Text;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Aggregation;

/// <summary>APIs of other servers, as people use them through this one.</summary>
public sealed class AggregatedApiTests
{
    private const string Ships = $"/apis/{ShipServer.Group}/v1/namespaces/default/ships";

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kubectl_does_with_them_what_it_does_with_built_in_kinds()
    {
        Assert.SkipUnless(File.Exists(Tools.Kubectl), $"{Tools.Kubectl} is not installed");
        await using var harbour = await Harbour.StartAsync();
        var (authority, names) = await harbour.TrustAsync();
        var server = new ShipServer(authority, names);
        await harbour.ServeAsync(ShipServer.Group, "v1", server.AnswerAsync);

        await harbour.SaysAsync("ships", "", "api-resources", "--api-group", ShipServer.Group);
        await harbour.SaysAsync("A ship of the harbour.", "", "explain", "ships");
        await harbour.SaysAsync("How many it has.", "", "explain", "ship.spec.masts");
        await harbour.SaysAsync("ship.harbour.example.com/gull created", Ship(2), "apply", "-f", "-");
        await harbour.SaysAsync("ship.harbour.example.com/gull unchanged", Ship(2), "apply", "-f", "-");
        await harbour.SaysAsync("ship.harbour.example.com/gull configured", Ship(3), "apply", "-f", "-");
        await harbour.SaysAsync("3", "", "get", "sh", "gull", "-o", "jsonpath={.spec.masts}");
        await harbour.SaysAsync("gull", "", "get", "ships");
        await harbour.SaysAsync("ships.harbour.example.com \"none\" not found", "", "get", "ship", "none");
        await harbour.SaysAsync("default/of-harbour-example-com", "", "get", "apiservice", "v1.harbour.example.com");

        using var watch = harbour.Start("get", "ships", "--watch", "-o", "name");
        Assert.Equal("ship.harbour.example.com/gull", await watch.StandardOutput.NextLineAsync());
        await harbour.SaysAsync("created", Ship(1, "tern"), "create", "-f", "-");
        Assert.Equal("ship.harbour.example.com/tern", await watch.StandardOutput.NextLineAsync());
        watch.Kill();

        await harbour.SaysAsync("\"tern\" deleted", "", "delete", "ship", "tern");
        Assert.Contains("admin", server.Users);
    }

    [Fact]
    public async Task Upgrades_and_deletions_of_collections_reach_them()
    {
        await using var harbour = await Harbour.StartAsync();
        var (authority, names) = await harbour.TrustAsync();
        await harbour.ServeAsync(ShipServer.Group, "v1", new ShipServer(authority, names).AnswerAsync);
        using var http = new HttpClient { BaseAddress = harbour.Host.Address };
        foreach (var name in (string[])["gull", "tern"])
        {
            using var body = new StringContent(Ship(1, name), Encoding.UTF8, "application/json");
            using var made = await http.PostAsync(Ships, body, Limit);
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        }

        using var socket = new ClientWebSocket();
        var place = new UriBuilder(new Uri(harbour.Host.Address, $"{Ships}/gull/exec")) { Scheme = "ws" };
        await socket.ConnectAsync(place.Uri, Limit);
        await socket.SendAsync("ahoy"u8.ToArray(), WebSocketMessageType.Text, true, Limit);
        var buffer = new byte[100];
        var heard = await socket.ReceiveAsync(buffer, Limit);
        Assert.Equal("default/gull heard ahoy", Encoding.UTF8.GetString(buffer, 0, heard.Count));

        using var emptied = await http.DeleteAsync(Ships, Limit);
        Assert.Equal(HttpStatusCode.OK, emptied.StatusCode);
        Assert.Contains("\"items\":[]", await http.GetStringAsync(Ships, Limit), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapters_figures_size_a_deployment()
    {
        var time = new ManualTime();
        await using var harbour = await Harbour.StartAsync(time);
        await harbour.ServeAsync("external.metrics.k8s.io", "v1beta1", static (_, context) => AdaptAsync(context));
        var made = await harbour.Client.CreateAsync(
            new V1Deployment
            {
                Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
                Spec = new V1DeploymentSpec
                {
                    Replicas = 1,
                    Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
                    Template = new V1PodTemplateSpec
                    {
                        Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["app"] = "web" } },
                        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "i" }] },
                    },
                },
            },
            Limit);
        Assert.True(made.Succeeded, made.Error?.Message);
        made = await harbour.Client.MutateAsync<V1Deployment>(
            made.Value.Key, "status",
            static d =>
            {
                d.Status ??= new V1DeploymentStatus();
                d.Status.Replicas = 1;
                return true;
            },
            Limit);
        Assert.True(made.Succeeded, made.Error?.Message);
        var created = await harbour.Client.CreateAsync(Autoscaler(), Limit);
        Assert.True(created.Succeeded, created.Error?.Message);

        var reconciler = new HorizontalPodAutoscalerReconciler(created.Value.Key, harbour.Services);
        var first = await reconciler.ReconcileAsync(Limit);
        time.Advance(first.After!.Value);
        await reconciler.ReconcileAsync(Limit);
        var sized = await harbour.Client.GetAsync<V1Deployment>(
            made.Value.Key, ReadFreshness.Linearizable, Limit);
        Assert.Equal(3, sized.Required.Spec.Replicas);
    }

    /// <summary>A queue of thirty.</summary>
    private static Task AdaptAsync(HttpContext context)
    {
        const string Root = "/apis/external.metrics.k8s.io/v1beta1";
        var answer = context.Request.Path.Value switch
        {
            Root => """{"kind":"APIResourceList","groupVersion":"external.metrics.k8s.io/v1beta1","resources":[]}""",
            $"{Root}/namespaces/default/queue" when context.Request.Query["labelSelector"] == "name=in" =>
                """{"kind":"ExternalMetricValueList","items":[{"metricName":"queue","value":"30"}]}""",
            _ => null,
        };
        context.Response.StatusCode = answer is null ? 404 : 200;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(answer ?? "");
    }

    private static V2HorizontalPodAutoscaler Autoscaler() => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V2HorizontalPodAutoscalerSpec
        {
            ScaleTargetRef = new V2CrossVersionObjectReference
            {
                ApiVersion = "apps/v1", Kind = "Deployment", Name = "web",
            },
            MinReplicas = 1, MaxReplicas = 9,
            Metrics =
            [
                new V2MetricSpec
                {
                    Type = "External",
                    External = new V2ExternalMetricSource
                    {
                        Metric = new V2MetricIdentifier
                        {
                            Name = "queue",
                            Selector = new V1LabelSelector
                            {
                                MatchLabels = new Dictionary<string, string> { ["name"] = "in" },
                            },
                        },
                        Target = new V2MetricTarget
                        {
                            Type = "AverageValue", AverageValue = new ResourceQuantity("10"),
                        },
                    },
                },
            ],
        },
    };

    private static string Ship(int masts, string name = "gull") =>
        $$$"""
        {"apiVersion":"{{{ShipServer.Group}}}/v1","kind":"Ship","metadata":{"name":"{{{name}}}"},
        "spec":{"masts":{{{masts}}} } }
        """;
}
