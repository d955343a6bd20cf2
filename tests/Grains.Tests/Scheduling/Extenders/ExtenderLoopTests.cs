using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling.Extenders;

/// <summary>The scheduler at work with an extender.</summary>
public sealed class ExtenderLoopTests : IAsyncLifetime
{
    private readonly SchedulingApi _api = new();
    private readonly CancellationTokenSource _stop = new();
    private TestExtender _server = null!;
    private Task _run = Task.CompletedTask;

    public async ValueTask InitializeAsync() => _server = await TestExtender.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Pods_go_where_an_extender_wants_them()
    {
        _server.On("filter", """{"NodeNames":["b","c"]}""").On("prioritize", """[{"Host":"c","Score":10}]""");
        Put("a", "b", "c");
        Start(_server.Settings with { PrioritizeVerb = "prioritize", Weight = 50 });
        _api.Put(WellKnown.Pods, new PodSketch("p").Build());
        await _api.UntilAsync(() => NodeOf("p") == "c" && _api.All(WellKnown.Events).Count > 0);
        Assert.Equal("Scheduled", _api.All(WellKnown.Events)[0]["reason"]!.GetValue<string>());
    }

    /// <summary>The extender binds with the API itself; the scheduler only tells of it.</summary>
    [Fact]
    public async Task An_extender_binds_in_place_of_the_scheduler()
    {
        _server.On("bind", question =>
        {
            _api.Put(WellKnown.Pods, new PodSketch("p") { NodeName = question["Node"]!.GetValue<string>() }.Build(9));
            return "{}";
        });
        Put("a");
        Start(_server.Settings with { FilterVerb = "", BindVerb = "bind" });
        _api.Put(WellKnown.Pods, new PodSketch("p").Build());
        await _api.UntilAsync(() => NodeOf("p") == "a" && _api.All(WellKnown.Events).Count > 0);
        Assert.DoesNotContain("binding pods", _api.Writers.Keys);
        var (_, asked) = Assert.Single(_server.Asked);
        Assert.Equal(
            """{"PodName":"p","PodNamespace":"default","PodUID":"uid-default-p","Node":"a"}""", asked.ToJsonString());
        Assert.Equal(
            "Successfully assigned default/p to a", _api.All(WellKnown.Events)[0]["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_binding_that_an_extender_refuses_is_tried_again()
    {
        _server.On("bind", """{"Error":"no more today"}""");
        Put("a");
        Start(_server.Settings with { FilterVerb = "", BindVerb = "bind" });
        _api.Put(WellKnown.Pods, new PodSketch("p").Build());
        await _api.UntilAsync(() => Condition("p") is not null);
        Assert.Equal(("SchedulerError", "no more today"), (Text("p", "reason"), Text("p", "message")));
        _server.On("bind", question =>
        {
            _api.Put(WellKnown.Pods, new PodSketch("p") { NodeName = question["Node"]!.GetValue<string>() }.Build(99));
            return "{}";
        });
        await _api.UntilAsync(() => NodeOf("p") == "a");
    }

    [Fact]
    public async Task Who_can_be_done_without_binds_or_the_scheduler_does()
    {
        _server.On("bind", "500");
        Put("a");
        Start(_server.Settings with { FilterVerb = "", BindVerb = "bind", IsIgnorable = true });
        _api.Put(WellKnown.Pods, new PodSketch("p").Build());
        await _api.UntilAsync(() => NodeOf("p") == "a");
        Assert.Equal("system:kube-scheduler", _api.Writers["binding pods"]);
    }

    /// <summary>
    /// A pod that is none of an extender's business waits no longer than for the call that is under way.
    /// </summary>
    [Fact]
    public async Task What_happens_while_an_extender_takes_its_time_is_seen_afterwards()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        _server.On("filter", """{"NodeNames":["a"]}""").Hold = _ =>
        {
            asked.TrySetResult();
            return answer.Task;
        };
        const string allocatable = "cpu=4,memory=8Gi,pods=10,example.com/gpu=1";
        _api.Put(WellKnown.Nodes, new NodeSketch("a") { Allocatable = allocatable }.Build());
        Start(_server.Settings with { ManagedResources = new HashSet<string> { "example.com/gpu" } });
        _api.Put(WellKnown.Pods, new PodSketch("gpu") { Requests = "example.com/gpu=1" }.Build());
        await asked.Task;
        _api.Put(WellKnown.Pods, new PodSketch("plain").Build());
        Assert.Equal("", NodeOf("plain"));
        answer.SetResult();
        await _api.UntilAsync(() => NodeOf("gpu") == "a" && NodeOf("plain") == "a");
        Assert.Single(_server.Asked);
    }

    private void Start(ExtenderSettings settings) => _run = RunAsync(new SchedulerLoop(
        _api,
        new SchedulerOptions { Seed = 1, Extenders = [settings] },
        TimeProvider.System,
        NullLogger.Instance));

    private async Task RunAsync(SchedulerLoop loop)
    {
        using (loop)
        {
            await loop.RunAsync(_stop.Token);
        }
    }

    private void Put(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            _api.Put(WellKnown.Nodes, new NodeSketch(node).Build());
        }
    }

    private JsonObject Pod(string name) => _api.Find(WellKnown.Pods, new ObjectKey("default", name))!;

    private string NodeOf(string name) => Pod(name)["spec"]!["nodeName"]?.GetValue<string>() ?? "";

    private JsonNode? Condition(string name) => Pod(name)["status"]!["conditions"]?[0];

    private string Text(string name, string field) => Condition(name)![field]!.GetValue<string>();
}
