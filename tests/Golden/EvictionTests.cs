using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Evictions against budgets over HTTP, by upstream's <c>registry/core/pod/storage/eviction.go</c>.</summary>
public sealed class EvictionTests
{
    private const string Space = "/api/v1/namespaces/default";
    private const string Budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

    [Fact]
    public async Task ABudgetWithNothingLeftSaysHowManyItNeeds()
    {
        await using var server = await Server.StartAsync();
        await RunAsync(server, "web-0");
        await BudgetAsync(server, "web", allowed: 0);

        var refused = await EvictAsync(server, "web-0");

        Assert.Equal(429, refused.Status);
        Assert.Equal(
            ("TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."),
            ((string)refused.Body["reason"]!, (string)refused.Body["message"]!));
        Assert.Equal(
            """[{"reason":"DisruptionBudget","message":"The disruption budget web needs 1 healthy pods and has 1 currently"}]""",
            refused.Body["details"]!["causes"]!.ToJsonString());
        Assert.Equal(200, (await server.SendAsync("GET", $"{Space}/pods/web-0")).Status);
    }

    [Fact]
    public async Task TwoBudgetsForOnePodAreAnError()
    {
        await using var server = await Server.StartAsync();
        await RunAsync(server, "web-0");
        await BudgetAsync(server, "one", allowed: 1);
        await BudgetAsync(server, "two", allowed: 1);

        var refused = await EvictAsync(server, "web-0");

        Assert.Equal(
            (500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."),
            (refused.Status, (string)refused.Body["message"]!));
    }

    [Fact]
    public async Task ADryRunSpendsNothingAndAnEvictionOne()
    {
        await using var server = await Server.StartAsync();
        await RunAsync(server, "web-0");
        await BudgetAsync(server, "web", allowed: 2);

        Assert.Equal(201, (await EvictAsync(server, "web-0", """{"dryRun":["All"]}""")).Status);
        Assert.Equal(2, await AllowedAsync(server, "web"));
        Assert.Equal(201, (await EvictAsync(server, "web-0")).Status);
        Assert.Equal(1, await AllowedAsync(server, "web"));
    }

    /// <summary>What is wrong with the options comes last, and costs nothing.</summary>
    [Fact]
    public async Task OptionsAreJudgedAfterThePodAndItsBudget()
    {
        const string Wrong = """{"propagationPolicy":"Sideways"}""";
        await using var server = await Server.StartAsync();
        Assert.Equal(404, (await EvictAsync(server, "web-0", Wrong)).Status);
        await RunAsync(server, "web-0");
        Assert.Equal(422, (await EvictAsync(server, "web-0", Wrong)).Status);

        await BudgetAsync(server, "web", allowed: 1);
        var invalid = await EvictAsync(server, "web-0", Wrong);
        Assert.Equal((422, "DeleteOptions"), (invalid.Status, (string)invalid.Body["details"]!["kind"]!));
        Assert.Equal(1, await AllowedAsync(server, "web"));

        await server.SendAsync(
            "PATCH", $"{Budgets}/web/status", """{"status":{"disruptionsAllowed":0}}""",
            "application/merge-patch+json");
        Assert.Equal(429, (await EvictAsync(server, "web-0", Wrong)).Status);
    }

    [Fact]
    public async Task ADryRunThatTheOptionsSayOtherwiseIsAnError()
    {
        await using var server = await Server.StartAsync();

        var refused = await server.SendAsync(
            "POST", $"{Space}/pods/web-0/eviction?dryRun=All",
            """
            {"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"web-0"},"deleteOptions":{"dryRun":["None"]}}
            """);

        Assert.Equal(
            (500, "Non-matching dry-run options in request and content: [All] and [None]"),
            (refused.Status, (string)refused.Body["message"]!));
    }

    /// <summary>Of evictions at one time no more succeed than the budget allows.</summary>
    [Fact]
    public async Task EvictionsThatRaceSpendABudgetOnceEach()
    {
        const int Pods = 12, Allowed = 3;
        await using var server = await Server.StartAsync();
        for (var i = 0; i < Pods; i++)
        {
            await RunAsync(server, $"web-{i}");
        }

        await BudgetAsync(server, "web", Allowed);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, Pods).Select(i => EvictAsync(server, $"web-{i}")));

        Assert.Equal(Allowed, answers.Count(static a => a.Status == 201));
        Assert.All(answers.Where(static a => a.Status != 201), static a => Assert.Equal(429, a.Status));
        Assert.Equal(0, await AllowedAsync(server, "web"));
    }

    private static Task<Answer> EvictAsync(Server server, string pod, string options = "{}") => server.SendAsync(
        "POST", $"{Space}/pods/{pod}/eviction",
        $$$$"""
        {"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{{pod}}}}"},"deleteOptions":{{{{options}}}}}
        """);

    private static async Task RunAsync(Server server, string pod)
    {
        await server.SendAsync("POST", $"{Space}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        var created = await server.SendAsync(
            "POST", $"{Space}/pods",
            $$$$"""
            {"metadata":{"name":"{{{{pod}}}}","labels":{"app":"web"}},
             "spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}
            """);
        Assert.True(created.Status == 201, created.Body.ToJsonString());
        var running = await server.SendAsync(
            "PATCH", $"{Space}/pods/{pod}/status",
            """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""",
            "application/merge-patch+json");
        Assert.True(running.Status == 200, running.Body.ToJsonString());
    }

    private static async Task BudgetAsync(Server server, string name, int allowed)
    {
        var created = await server.SendAsync(
            "POST", Budgets,
            $$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}""");
        Assert.True(created.Status == 201, created.Body.ToJsonString());
        var counted = await server.SendAsync(
            "PATCH", $"{Budgets}/{name}/status",
            $$$$"""
            {"status":{"observedGeneration":1,"disruptionsAllowed":{{{{allowed}}}},"currentHealthy":{{{{allowed + 1}}}},
             "desiredHealthy":1,"expectedPods":{{{{allowed + 1}}}}}}
            """,
            "application/merge-patch+json");
        Assert.True(counted.Status == 200, counted.Body.ToJsonString());
    }

    private static async Task<int> AllowedAsync(Server server, string budget) =>
        (int)(await server.SendAsync("GET", $"{Budgets}/{budget}")).Body["status"]!["disruptionsAllowed"]!.AsValue();
}
