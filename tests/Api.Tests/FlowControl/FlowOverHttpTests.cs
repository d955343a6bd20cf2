using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

/// <summary>Priority and fairness as clients see it; users name themselves by a header.</summary>
public sealed class FlowOverHttpTests : IAsyncLifetime
{
    private const string SchemaHeader = "X-Kubernetes-Pf-Flowschema-Uid";
    private const string LevelHeader = "X-Kubernetes-Pf-Prioritylevel-Uid";

    private static readonly string[] Dumps =
        ["dump_priority_levels", "dump_queues", "dump_requests?includeRequestDetails=1"];

    private readonly HeldAuthorizer _door = new();
    private ProtocolHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProtocolHost.StartAsync(configure: services =>
    {
        services.AddSingleton(new RequestLimits { MaxReadsInFlight = 2, MaxWritesInFlight = 0 });
        services.AddSingleton<IAuthenticator, WhoTheyAre>();
        services.AddSingleton<IAuthorizer>(_door);
    });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task AnswersSayByWhichObjectsTheyWereLetIn()
    {
        var level = await CreateAsync("prioritylevelconfigurations", LevelJson);
        var schema = await CreateAsync("flowschemas", SchemaJson("narrow", "jane"));
        foreach (var path in new[] { "/api/v1/namespaces", "/api/v1/namespaces/none", "/version", "/no/such/path" })
        {
            using var answer = await GetAsync(path, "jane");
            Assert.Equal(
                (schema, level),
                (answer.Headers.GetValues(SchemaHeader).Single(), answer.Headers.GetValues(LevelHeader).Single()));
        }

        using var other = await GetAsync("/api/v1/namespaces", "admin");
        Assert.Equal("", other.Headers.GetValues(SchemaHeader).Single());
    }

    [Fact]
    public async Task WhoFindsNoSeatWaitsInAQueueThatHasAnEnd()
    {
        await CreateAsync("prioritylevelconfigurations", LevelJson);
        await CreateAsync("flowschemas", SchemaJson("narrow", "jane"));
        _door.Close("jane");
        var first = GetAsync("/api/v1/namespaces", "jane");
        await _door.Waiting;
        var second = GetAsync("/api/v1/namespaces", "jane");
        var other = GetAsync("/api/v1/namespaces", "jane");
        var refused = await Task.WhenAny(second, other);
        using var third = await refused;
        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.Equal("Too many requests, please try again later.\n", await third.Content.ReadAsStringAsync());
        Assert.Equal("1", third.Headers.GetValues("Retry-After").Single());
        Assert.Equal("nosniff", third.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.NotEmpty(third.Headers.GetValues(SchemaHeader).Single());

        var dumps = await Task.WhenAll(Dumps.Select(DumpAsync));
        Assert.StartsWith(
            "PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, " +
            "DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests\n" +
            "catch-all,         0,            true,   false,       0,               0,                 ",
            dumps[0], StringComparison.Ordinal);
        Assert.Matches("narrow, +1, +false, +false, +1, +1, +\\d+, +1, +0, +0\n", dumps[0]);
        Assert.Matches("narrow, +0, +1, +1, +1, +[0-9.]+ss, +1, +1, +0.00300000ss\n", dumps[1]);
        Assert.Matches(
            "narrow, +narrow, +0, +0, +, .*, +jane, +list, +/api/v1/namespaces, +, +, +v1, +namespaces, +\n",
            dumps[2]);
        var metrics = await DumpAsync("/metrics");
        Assert.Contains(
            "apiserver_flowcontrol_rejected_requests_total{priority_level=\"narrow\",flow_schema=\"narrow\"," +
            "reason=\"queue-full\"} 1\n",
            metrics, StringComparison.Ordinal);
        Assert.Contains(
            "apiserver_flowcontrol_current_inqueue_requests{priority_level=\"narrow\",flow_schema=\"narrow\"} 1\n",
            metrics, StringComparison.Ordinal);

        // who runs and who waits were each the first of a queue
        const string Lengths = "apiserver_flowcontrol_request_queue_length_after_enqueue";
        const string Narrow = "{priority_level=\"narrow\",flow_schema=\"narrow\"}";
        Assert.Contains($"{Lengths}_sum{Narrow} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"{Lengths}_count{Narrow} 2\n", metrics, StringComparison.Ordinal);
        Assert.Matches(
            "apiserver_flowcontrol_watch_count_samples_bucket\\{priority_level=\".+\",flow_schema=\".+\",le=\"0\"\\} "
                + "\\d+\n",
            metrics);
        foreach (var name in new[] { "next_s_bounds", "next_discounted_s_bounds" })
        {
            Assert.Matches(
                $"apiserver_flowcontrol_{name}\\{{priority_level=\"narrow\",bound=\"min\"\\}} -?[0-9.e-]+\n", metrics);
            Assert.Matches(
                $"apiserver_flowcontrol_{name}\\{{priority_level=\"narrow\",bound=\"max\"\\}} -?[0-9.e-]+\n", metrics);
        }

        foreach (var (name, tags) in new[]
        {
            ("priority_level_seat_utilization", "phase=\"executing\",priority_level=\"narrow\""),
            ("priority_level_request_utilization", "phase=\"executing\",priority_level=\"narrow\""),
            ("priority_level_request_utilization", "phase=\"waiting\",priority_level=\"narrow\""),
            ("demand_seats", "priority_level=\"narrow\""),
            ("read_vs_write_current_requests", "phase=\"waiting\",request_kind=\"readOnly\""),
            ("read_vs_write_current_requests", "phase=\"executing\",request_kind=\"readOnly\""),
        })
        {
            // One has waited and one has run for a while, and both still do.
            Assert.Contains($"# TYPE apiserver_flowcontrol_{name} histogram\n", metrics, StringComparison.Ordinal);
            Assert.Matches($"apiserver_flowcontrol_{name}_sum\\{{{tags}\\}} [1-9][0-9.E+]*\n", metrics);
            Assert.Matches($"apiserver_flowcontrol_{name}_count\\{{{tags}\\}} [1-9][0-9]*\n", metrics);
        }

        Assert.Contains(
            "apiserver_flowcontrol_epoch_advance_total{priority_level=\"narrow\",success=\"true\"} 0\n",
            metrics, StringComparison.Ordinal);
        Assert.Contains(
            "apiserver_current_inqueue_requests{request_kind=\"readOnly\"} 1\n", metrics, StringComparison.Ordinal);

        _door.Open();
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await (refused == second ? other : second)).StatusCode);
    }

    /// <summary>Whoever floods fills what is theirs, and who belongs elsewhere neither waits nor is refused.</summary>
    [Fact]
    public async Task AFloodOfListsHoldsNobodyElseUp()
    {
        const int Flood = 50;
        const int Seats = 2;
        await CreateAsync("prioritylevelconfigurations", LevelJson);
        await CreateAsync("flowschemas", SchemaJson("narrow", "jane"));
        await CreateAsync(
            "prioritylevelconfigurations", LevelJson.Replace("\"narrow\"", "\"nodes\"", StringComparison.Ordinal));
        await CreateAsync("flowschemas", SchemaJson("nodes", "system:node:n1"));
        _door.Close("jane");
        var flood = Enumerable.Range(0, Flood).Select(_ => GetAsync("/api/v1/pods", "jane")).ToList();
        await _door.Waiting;

        // One runs and is held, one waits; all others have been answered when the last of them is.
        for (var refused = 0; refused < Flood - Seats; refused++)
        {
            var next = await Task.WhenAny(flood);
            flood.Remove(next);
            using var answer = await next;
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        }

        for (var i = 0; i < Flood; i++)
        {
            using var answer = await GetAsync(
                "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", "system:node:n1");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.All(flood, static held => Assert.False(held.IsCompleted));
        _door.Open();
        foreach (var held in flood)
        {
            using var answer = await held;
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    /// <summary>A watch holds its seat only until it has sent what it begins with.</summary>
    [Fact]
    public async Task WatchesThatHaveBegunHoldNoSeats()
    {
        await CreateAsync("prioritylevelconfigurations", LevelJson);
        await CreateAsync("flowschemas", SchemaJson("narrow", "jane"));
        var watches = new List<HttpResponseMessage>();
        for (var i = 0; i < 4; i++)
        {
            watches.Add(await GetAsync("/api/v1/namespaces?watch=1", "jane"));
            Assert.Equal(HttpStatusCode.OK, watches[^1].StatusCode);
        }

        Assert.Equal(4, _host.Services.GetRequiredService<WatchCounts>().Of(
            RequestInfoReader.Read("DELETE", "/api/v1/namespaces/x", false).Required));
        watches.ForEach(static w => w.Dispose());
    }

    private const string LevelJson =
        """
        {"metadata":{"name":"narrow"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,
        "borrowingLimitPercent":0,
        "limitResponse":{"type":"Queue","queuing":{"queues":1,"handSize":1,"queueLengthLimit":1}}}}}
        """;

    private static string SchemaJson(string level, string user) =>
        $$$"""
        {"metadata":{"name":"{{{level}}}"},"spec":{"matchingPrecedence":5,
        "priorityLevelConfiguration":{"name":"{{{level}}}"},
        "distinguisherMethod":{"type":"ByUser"},
        "rules":[{"subjects":[{"kind":"User","user":{"name":"{{{user}}}"}}],
        "resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"],"clusterScope":true}],
        "nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}}
        """;

    /// <summary>The uid of the object.</summary>
    private async Task<string> CreateAsync(string plural, string json)
    {
        using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await _host.Http.PostAsync($"/apis/flowcontrol.apiserver.k8s.io/v1/{plural}", body);
        var made = await answer.Content.ReadFromJsonAsync<JsonNode>();
        Assert.True(answer.IsSuccessStatusCode, made?.ToJsonString());
        var cache = await _host.Caches.GetAsync(
            new ResourceName("flowcontrol.apiserver.k8s.io", plural), CancellationToken.None);
        await cache.ConsistentAsync(CancellationToken.None);
        return (string)made!["metadata"]!["uid"]!;
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string user)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-User", user);
        return await _host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task<string> DumpAsync(string path)
    {
        using var answer = await GetAsync(path[0] == '/' ? path : $"/debug/api_priority_and_fairness/{path}", "admin");
        return await answer.Content.ReadAsStringAsync();
    }

    private sealed class WhoTheyAre : IAuthenticator
    {
        public ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context) =>
            new(context.Request.Headers["X-User"].ToString() is { Length: > 0 } name && name != "admin"
                ? new UserIdentity { Name = name, Groups = ["system:authenticated"] }
                : new UserIdentity { Name = "admin", Groups = ["system:masters", "system:authenticated"] });
    }

    /// <summary>Allows everything, but to one user only when the test says so.</summary>
    private sealed class HeldAuthorizer : IAuthorizer
    {
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private string? _held;

        public Task Waiting => _waiting.Task;

        public void Close(string user) => _held = user;

        public void Open() => _open.SetResult();

        public async ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken)
        {
            if (attributes.User.Name == _held)
            {
                _waiting.TrySetResult();
                await _open.Task;
            }

            return AuthorizationDecision.Allow;
        }
    }
}
