using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Silo.Hosting;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>A pod that is said to be Ready since before the cluster was stopped is still starting.</summary>
public sealed class StartingPodsTests
{
    private const string OnePod =
        """
        {"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"p","uid":"u"},"spec":{"nodeName":"own",
        "containers":[]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}]}
        """;

    [Theory]
    [InlineData("own", "Running", "True", true, false, 0)]
    [InlineData("own", "Running", "True", false, false, 1)]
    [InlineData("own", "Running", "False", true, false, 1)]
    [InlineData("own", "Pending", null, false, false, 1)]
    [InlineData("own", "Succeeded", "False", false, false, 0)]
    [InlineData("own", "Failed", "False", false, false, 0)]
    [InlineData("own", "Running", "True", false, true, 0)]
    [InlineData("other", "Running", "True", false, false, 0)]
    [InlineData("other", "Running", "False", false, false, 1)]
    [InlineData(null, "Pending", null, false, false, 0)]
    public void What_is_to_run_and_does_not_serve_yet_counts(
        string? node, string phase, string? ready, bool runs, bool ends, int expected)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Uid = "u", DeletionTimestamp = ends ? DateTime.UnixEpoch : null },
            Spec = new V1PodSpec { NodeName = node },
            Status = new V1PodStatus
            {
                Phase = phase,
                Conditions = ready is null ? null : [new V1PodCondition { Type = "Ready", Status = ready }],
            },
        };

        Assert.Equal(expected, StartingPods.Count([pod], "own", runs ? new HashSet<string> { "u" } : new()));
    }

    [Fact]
    public void A_pod_of_a_file_runs_under_its_own_uid()
    {
        var mirror = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Uid = "in-the-api",
                Annotations = new Dictionary<string, string> { ["kubernetes.io/config.mirror"] = "u" },
            },
            Spec = new V1PodSpec { NodeName = "own" },
            Status = new V1PodStatus { Conditions = [new V1PodCondition { Type = "Ready", Status = "True" }] },
        };

        Assert.Equal(0, StartingPods.Count([mirror], "own", new HashSet<string> { "u" }));
        Assert.Equal(1, StartingPods.Count([mirror], "own", new HashSet<string> { "in-the-api" }));
    }

    [Fact]
    public void Where_no_node_is_this_machine_what_is_said_of_pods_counts()
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Uid = "u" },
            Spec = new V1PodSpec { NodeName = "hollow-0" },
            Status = new V1PodStatus { Conditions = [new V1PodCondition { Type = "Ready", Status = "True" }] },
        };

        Assert.Equal(0, StartingPods.Count([pod], null, new HashSet<string>()));
    }

    [Theory]
    [InlineData("""{"items":[{"metadata":{"uid":"u"}}]}""", 0)]
    [InlineData("""{"items":[]}""", 1)]
    [InlineData("""{"items":""", null)]
    [InlineData("""{}""", null)]
    [InlineData("""[]""", null)]
    [InlineData("""{"items":[{"metadata":{"uid":1}}]}""", null)]
    public async Task What_is_no_list_of_pods_counts_none_and_fails_nothing(string running, int? expected)
    {
        await using var api = await StartAsync(context => context.Response.WriteAsync(running));

        Assert.Equal(expected, await CountAsync(api, TimeProvider.System));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_not_waited_for()
    {
        var time = new ManualTime();
        await using var api = await StartAsync(async context =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });

        Assert.Null(await CountAsync(api, time));
    }

    private static Task<int?> CountAsync(WebApplication api, TimeProvider time) => new StartingPods(
        () => new KubernetesClientConfiguration { Host = api.Urls.First() }, "own", time)
        .CountAsync(TestContext.Current.CancellationToken);

    /// <summary>An API with one pod, Ready on its node, which answers itself what runs there.</summary>
    private static async Task<WebApplication> StartAsync(Func<HttpContext, Task> node)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var api = builder.Build();
        api.Run(context =>
            context.Request.Path == "/api/v1/pods" ? context.Response.WriteAsync(OnePod) : node(context));
        await api.StartAsync(TestContext.Current.CancellationToken);
        return api;
    }
}
