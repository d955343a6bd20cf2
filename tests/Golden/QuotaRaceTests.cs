using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Writers that race for what a ResourceQuota has left.</summary>
public sealed class QuotaRaceTests
{
    private const string Space = "/api/v1/namespaces/default";
    private const int Writers = 120;
    private const int Limit = 25;

    /// <summary>Exactly as many as there is room for come in, and the books say so.</summary>
    [Fact]
    public async Task NoMoreComeInThanThereIsRoomFor()
    {
        await using var server = await Server.StartAsync();
        await MakeQuotaAsync(server, "q", "count/configmaps", Limit);

        // Those that only try are in between, and take nothing.
        var answers = await Task.WhenAll(Enumerable.Range(0, Writers).Select(async i =>
        {
            await server.SendAsync("POST", $"{Space}/configmaps?dryRun=All", $$$"""{"metadata":{"name":"d{{{i}}}"}}""");
            return await server.SendAsync("POST", $"{Space}/configmaps", $$$"""{"metadata":{"name":"c{{{i}}}"}}""");
        }));

        Assert.Equal(Limit, answers.Count(static a => a.Status == 201));
        Assert.All(
            answers.Where(static a => a.Status != 201),
            static a => Assert.True(a.Status is 403, a.Body.ToJsonString()));
        Assert.Equal($"{Limit}", await UsedAsync(server, "q", "count/configmaps"));
    }

    /// <summary>Several quotas bear a write together; each has its own limit, and all are right in the end.</summary>
    [Fact]
    public async Task EachOfSeveralQuotasIsCharged()
    {
        await using var server = await Server.StartAsync();
        foreach (var (name, limit) in new[] { ("wide", 1000), ("narrow", 7), ("wider", 2000) })
        {
            await MakeQuotaAsync(server, name, "count/configmaps", limit);
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => server.SendAsync("POST", $"{Space}/configmaps", $$$"""{"metadata":{"name":"c{{{i}}}"}}""")));

        Assert.Equal(7, answers.Count(static a => a.Status == 201));
        foreach (var name in new[] { "wide", "narrow", "wider" })
        {
            Assert.Equal("7", await UsedAsync(server, name, "count/configmaps"));
        }
    }

    /// <summary>A pod that is given a deadline is new to the quota of those that have one.</summary>
    [Fact]
    public async Task APodThatComesIntoAScopeIsCharged()
    {
        await using var server = await Server.StartAsync();
        await MakeQuotaAsync(server, "bounded", "pods", 1, ""","scopes":["Terminating"]""");
        await MakeQuotaAsync(server, "endless", "pods", 2, ""","scopes":["NotTerminating"]""");
        await server.MakeAsync($"{Space}/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        foreach (var name in new[] { "a", "b" })
        {
            await server.MakeAsync($"{Space}/pods", $$$"""
                {"metadata":{"name":"{{{name}}}"},"spec":{"serviceAccountName":"robot",
                "containers":[{"name":"c","image":"registry.example/c:1"}]}}
                """);
        }

        Assert.Equal(200, (await BoundAsync("a")).Status);
        var refused = await BoundAsync("b");
        Assert.Equal(403, refused.Status);
        Assert.Equal(
            "pods \"b\" is forbidden: exceeded quota: bounded, requested: pods=1, used: pods=1, limited: pods=1",
            (string)refused.Body["message"]!);

        // What it no longer uses is given back by who counts anew.
        Assert.Equal("1", await UsedAsync(server, "bounded", "pods"));
        Assert.Equal("2", await UsedAsync(server, "endless", "pods"));

        // A deadline that becomes shorter is no move.
        var shorter = await server.SendAsync(
            "PATCH", $"{Space}/pods/a", """{"spec":{"activeDeadlineSeconds":20}}""", "application/merge-patch+json");
        Assert.Equal(200, shorter.Status);

        Task<Answer> BoundAsync(string name) => server.SendAsync(
            "PATCH", $"{Space}/pods/{name}", """{"spec":{"activeDeadlineSeconds":30}}""",
            "application/merge-patch+json");
    }

    private static async Task MakeQuotaAsync(
        Server server, string name, string bounded, int limit, string more = "")
    {
        await server.MakeAsync(
            $"{Space}/resourcequotas",
            $$"""{"metadata":{"name":"{{name}}"},"spec":{"hard":{"{{bounded}}":"{{limit}}"}{{more}} } }""");
        var counted = await server.SendAsync(
            "PATCH", $"{Space}/resourcequotas/{name}/status",
            $$"""{"status":{"hard":{"{{bounded}}":"{{limit}}"},"used":{"{{bounded}}":"0"} } }""",
            "application/merge-patch+json");
        Assert.True(counted.Status == 200, counted.Body.ToJsonString());
    }

    private static async Task<string> UsedAsync(Server server, string quota, string bounded) =>
        (string)(await server.SendAsync("GET", $"{Space}/resourcequotas/{quota}")).Body["status"]!["used"]![bounded]!;
}
