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
        var created = await server.SendAsync(
            "POST", $"{Space}/resourcequotas",
            $$$$$"""{"metadata":{"name":"q"},"spec":{"hard":{"count/configmaps":"{{{{{Limit}}}}}"}}}""");
        Assert.True(created.Status == 201, created.Body.ToJsonString());
        var counted = await server.SendAsync(
            "PATCH", $"{Space}/resourcequotas/q/status",
            $$$$$"""{"status":{"hard":{"count/configmaps":"{{{{{Limit}}}}}"},"used":{"count/configmaps":"0"}}}""",
            "application/merge-patch+json");
        Assert.True(counted.Status == 200, counted.Body.ToJsonString());

        var answers = await Task.WhenAll(Enumerable.Range(0, Writers).Select(i => server.SendAsync(
            "POST", $"{Space}/configmaps", $$$"""{"metadata":{"name":"c{{{i}}}"}}""")));

        Assert.Equal(Limit, answers.Count(static a => a.Status == 201));
        Assert.All(
            answers.Where(static a => a.Status != 201),
            static a => Assert.True(a.Status is 403, a.Body.ToJsonString()));
        var books = await server.SendAsync("GET", $"{Space}/resourcequotas/q");
        Assert.Equal(
            (string)books.Body["status"]!["hard"]!["count/configmaps"]!,
            (string)books.Body["status"]!["used"]!["count/configmaps"]!);
    }
}
