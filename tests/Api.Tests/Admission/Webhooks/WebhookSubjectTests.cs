using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Webhooks;

/// <summary>What a webhook is asked about by way of other paths than an object's own, and who hears of its warnings;
/// by upstream's <c>test/integration/apiserver/admissionwebhook</c>.</summary>
public sealed class WebhookSubjectTests
{
    private const string Space = "/api/v1/namespaces/space";
    private const string Sets = "/apis/apps/v1/namespaces/space/replicasets";
    private const string Everything =
        """{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*/*"]}""";

    /// <summary>No kind is said, and a webhook reads by the kind all the same.</summary>
    [Theory]
    [InlineData("POST", $"{Space}/pods/p/binding", """{"metadata":{"name":"p"},"target":{"name":"n"}}""", "v1 Binding")]
    [InlineData("POST", $"{Space}/bindings", """{"metadata":{"name":"p"},"target":{"name":"n"}}""", "v1 Binding")]
    [InlineData("POST", $"{Space}/pods/p/eviction", """{"metadata":{"name":"p"}}""", "policy/v1 Eviction")]
    [InlineData(
        "PUT", $"{Sets}/r/scale", """{"metadata":{"name":"r"},"spec":{"replicas":0}}""", "autoscaling/v1 Scale")]
    [InlineData("DELETE", $"{Space}/configmaps", "{}", " ")]
    public async Task WarningsReachWhoeverWrites(string method, string path, string body, string kind)
    {
        await using var host = await StartAsync();
        host.Respond("/a", static _ => new JsonObject { ["allowed"] = true, ["warnings"] = new JsonArray("careful") });
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/a", rules: Everything));

        var (code, answer) = await host.SendAsync(new HttpMethod(method), path, body);

        Assert.True(code is 200 or 201, answer.ToJsonString());
        Assert.Equal(["299 - \"careful\""], host.Warnings);
        var asked = host.Remote.Calls.First()["request"]!["object"];
        Assert.Equal(kind, $"{asked?["apiVersion"]} {asked?["kind"]}");
    }

    /// <summary>By upstream's table (<c>testPodBindingEviction</c>): each path is its own resource.</summary>
    [Theory]
    [InlineData($"{Space}/bindings", "bindings")]
    [InlineData($"{Space}/pods/p/binding", "pods/binding")]
    public async Task ABindingIsSeenAsWhatItsPathNames(string path, string resource)
    {
        await using var host = await StartAsync();
        host.Respond("/a", static _ => new JsonObject { ["allowed"] = false });
        await host.ConfigureAsync(
            "Validating", "one", host.Hook(
                "a.example.com", "/a",
                rules: Everything.Replace("*/*", resource, StringComparison.Ordinal)));

        var (code, _) = await host.SendAsync(
            HttpMethod.Post, path, """{"metadata":{"name":"p"},"target":{"name":"n"}}""");

        var asked = Assert.Single(host.Remote.Calls)["request"]!;
        Assert.Equal(
            (400, resource.Split('/')[0], resource.Contains('/') ? "binding" : null, "Binding", "p", "space"),
            (code, (string?)asked["resource"]!["resource"], (string?)asked["subResource"],
                (string?)asked["kind"]!["kind"], (string?)asked["name"], (string?)asked["namespace"]));
    }

    [Fact]
    public async Task DeletionsOfACollectionNameNone()
    {
        await using var host = await StartAsync();
        host.Respond("/a", static _ => new JsonObject { ["allowed"] = true });
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/a"));

        Assert.Equal(200, (await host.SendAsync(HttpMethod.Delete, $"{Space}/configmaps")).Code);

        var asked = host.Remote.Calls.Select(static c => c["request"]!).ToList();
        Assert.All(asked, static r => Assert.Equal(("DELETE", null), ((string?)r["operation"], (string?)r["name"])));
        Assert.Equal(
            ["a", "b"],
            asked.Select(static r => (string)r["oldObject"]!["metadata"]!["name"]!).Order(StringComparer.Ordinal));
    }

    /// <summary>Whoever forbids to delete pods leaves their evictions to the budgets, as upstream does.</summary>
    [Fact]
    public async Task AnEvictionIsNoDeletion()
    {
        await using var host = await StartAsync();
        host.Respond(
            "/a", static r => new JsonObject { ["allowed"] = (string?)r["subResource"] == "eviction" });
        await host.ConfigureAsync("Validating", "one", host.Hook("a.example.com", "/a", rules: Everything));

        var deleted = await host.SendAsync(HttpMethod.Delete, $"{Space}/pods/p");
        var evicted = await host.SendAsync(
            HttpMethod.Post, $"{Space}/pods/p/eviction", """{"metadata":{"name":"p"}}""");

        Assert.Equal(400, deleted.Code);
        Assert.True(evicted.Code == 201, evicted.Body.ToJsonString());
        Assert.Equal(2, host.Remote.Calls.Count);
    }

    /// <summary>A webhook is told how long it has: no longer than the request.</summary>
    [Theory]
    [InlineData("", 30)]
    [InlineData("?timeout=20s", 20)]
    public async Task AWebhookHasAsMuchTimeAsTheRequest(string query, int most)
    {
        await using var host = await StartAsync();
        var told = "";
        host.Answer("/a", (context, _) =>
        {
            told = context.Request.Query["timeout"].ToString();
            context.Abort();
            return Task.CompletedTask;
        });
        await host.ConfigureAsync(
            "Validating", "one",
            host.Hook("a.example.com", "/a", ",\"failurePolicy\":\"Ignore\",\"timeoutSeconds\":30"));

        Assert.Equal(201, (await host.CreateAsync("c", query)).Code);

        Assert.EndsWith("s", told, StringComparison.Ordinal);
        Assert.InRange(int.Parse(told[..^1], CultureInfo.InvariantCulture), 1, most);
    }

    private static async Task<WebhookHost> StartAsync()
    {
        var host = await WebhookHost.StartAsync();
        await host.PostAsync($"{Space}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await host.PostAsync(
            $"{Space}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await host.PostAsync(
            Sets,
            """
            {"metadata":{"name":"r"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},
            "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        Assert.Equal(201, (await host.CreateAsync("a")).Code);
        Assert.Equal(201, (await host.CreateAsync("b")).Code);
        return host;
    }
}
