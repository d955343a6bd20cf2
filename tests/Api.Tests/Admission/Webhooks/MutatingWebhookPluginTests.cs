using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Webhooks;

/// <summary>Webhooks change what is written, over HTTP and in process, as upstream lets them.</summary>
public sealed class MutatingWebhookPluginTests
{
    private const string AddsA = """[{"op":"add","path":"/data","value":{"a":"1"}}]""";

    [Fact]
    public async Task APatchIsStoredAndBelongsToNobody()
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => WebhookHost.Patched(AddsA));
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/a"));
        var (code, item) = await host.CreateAsync("x", "?fieldManager=me");
        Assert.Equal(201, code);
        Assert.Equal("1", (string?)item["data"]!["a"]);
        var owners = item["metadata"]!["managedFields"]?.ToJsonString() ?? "";
        Assert.DoesNotContain("f:data", owners, StringComparison.Ordinal);
        var request = host.Remote.Calls.Single()["request"]!;
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", request["kind"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", request["resource"]!.ToJsonString());
        Assert.Equal("CREATE", (string?)request["operation"]);
        Assert.Equal("space", (string?)request["namespace"]);
        Assert.Equal("x", (string?)request["name"]);
        Assert.Equal("admin", (string?)request["userInfo"]!["username"]);
        Assert.Equal(
            """{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","fieldManager":"me"}""",
            request["options"]!.ToJsonString());
        Assert.Null(request["oldObject"]);
        Assert.False((bool)request["dryRun"]!);
        Assert.Equal("ConfigMap", (string?)request["object"]!["kind"]);
        Assert.Equal(["HTTP/2"], host.Remote.Protocols);
    }

    [Fact]
    public async Task WritersInProcessAndPostgreSqlSeeTheSame()
    {
        await using var host = await WebhookHost.StartAsync(
            new TestSilosOptions { ConnectionString = await PostgresFixture.CreateDatabaseAsync() });
        host.Respond("/a", _ => WebhookHost.Patched(AddsA));
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/a"));
        var client = host.Api.Services.GetRequiredService<IResourceClient>()
            .As(UserIdentity.Controller("job-controller"));
        var made = await client.CreateAsync(
            new CreateRequest
            {
                Resource = ProtocolHost.ConfigMaps, Namespace = "space", Name = "x",
                Json = """{"metadata":{"name":"x"}}"""u8.ToArray(),
            },
            CancellationToken.None);
        Assert.Equal("1", (string?)JsonNode.Parse(made.Required.Json.Span)!["data"]!["a"]);
        Assert.Equal(
            "system:serviceaccount:kube-system:job-controller",
            (string?)host.Remote.Calls.Single()["request"]!["userInfo"]!["username"]);
    }

    [Fact]
    public async Task TheySeeEachOthersWorkInTheOrderOfTheirConfigurations()
    {
        await using var host = await WebhookHost.StartAsync();
        foreach (var (path, letter) in new[] { ("/a", 'a'), ("/b", 'b'), ("/c", 'c') })
        {
            host.Respond(path, request =>
            {
                var seen = (string?)request["object"]!["metadata"]!["labels"]?["seen"] + letter;
                return WebhookHost.Patched(
                    $$$"""[{"op":"add","path":"/metadata/labels","value":{"seen":"{{{seen}}}"}}]""");
            });
        }

        await host.ConfigureAsync("Mutating", "two", host.Hook("c.example.com", "/c"));
        await host.ConfigureAsync(
            "Mutating", "one", host.Hook("a.example.com", "/a", ",\"reinvocationPolicy\":\"IfNeeded\""),
            host.Hook("b.example.com", "/b"));
        var (_, item) = await host.CreateAsync("x");

        // The first one is asked again, because those after it have changed what it saw; once, and the others not.
        Assert.Equal("abca", (string?)item["metadata"]!["labels"]!["seen"]);
        Assert.Equal(4, host.Remote.Calls.Count);
    }

    [Fact]
    public async Task EquivalentVersionsAreAskedAboutInTheRulesOwn()
    {
        const string Rule = """
            {"operations":["CREATE"],"apiGroups":["autoscaling"],"apiVersions":["v1"],
            "resources":["horizontalpodautoscalers"]}
            """;
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => WebhookHost.Patched(
            """[{"op":"replace","path":"/spec/targetCPUUtilizationPercentage","value":33}]"""));
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/a", rules: Rule));
        await host.ConfigureAsync(
            "Mutating", "exact", host.Hook("b.example.com", "/none", ",\"matchPolicy\":\"Exact\"", Rule));
        var item = await host.PostAsync("/apis/autoscaling/v2/namespaces/space/horizontalpodautoscalers", """
            {"metadata":{"name":"x"},"spec":{"maxReplicas":3,"scaleTargetRef":
            {"apiVersion":"apps/v1","kind":"Deployment","name":"d"},
            "metrics":[{"type":"Resource","resource":{"name":"cpu",
            "target":{"type":"Utilization","averageUtilization":50}}}]}}
            """);
        Assert.Equal("autoscaling/v2", (string?)item["apiVersion"]);
        Assert.Equal(33, (int)item["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!);
        var request = host.Remote.Calls.Single()["request"]!;
        Assert.Equal("v1", (string?)request["kind"]!["version"]);
        Assert.Equal("v2", (string?)request["requestKind"]!["version"]);
        Assert.Equal(50, (int)request["object"]!["spec"]!["targetCPUUtilizationPercentage"]!);
    }

    [Fact]
    public async Task CustomObjectsArePrunedAndDefaultedAfterAPatch()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.DefineAsync("""
            {"metadata":{"name":"boats.h.example.com"},"spec":{"group":"h.example.com","scope":"Namespaced",
            "names":{"plural":"boats","kind":"Boat"},"versions":[{"name":"v1","served":true,"storage":true,"schema":
            {"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"length":
            {"type":"integer"},"colour":{"type":"string","default":"blue"}}}}}}}]}}
            """);
        host.Respond("/a", _ => WebhookHost.Patched(
            """[{"op":"add","path":"/spec","value":{"length":7,"unknown":1}}]"""));
        await host.ConfigureAsync("Mutating", "one", host.Hook(
            "a.example.com", "/a",
            rules: """{"operations":["*"],"apiGroups":["h.example.com"],"apiVersions":["*"],"resources":["*/*"]}"""));
        var item = await host.PostAsync(
            "/apis/h.example.com/v1/namespaces/space/boats",
            """{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"x"}}""");
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"length":7,"colour":"blue"}"""), item["spec"]), item.ToJsonString());
    }

    [Theory]
    [InlineData(
        """{"op":"add","path":"/x/y","value":1}""",
        "add operation does not apply: doc is missing path: \"/x/y\": missing value")]
    [InlineData(
        """{"op":"remove","path":"/x"}""",
        "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value")]
    [InlineData("""{"op":"test","path":"/kind","value":"x"}""", "testing value /kind failed: test failed")]
    [InlineData(
        """{"op":"add","path":"/data","value":{"a":1}}""",
        "json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    [InlineData(
        """{"op":"replace","path":"/kind","value":"Secret"}""",
        "converting (v1.Secret) to (core.ConfigMap): unknown conversion")]
    [InlineData(
        "1",
        "failed calling webhook \"a.example.com\": received undecodable patch in webhook response: json: cannot "
        + "unmarshal number into Go value of type jsonpatch.Operation")]
    public async Task WhatDoesNotApplyIsAnInternalError(string operation, string why)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Respond("/a", _ => WebhookHost.Patched($"[{operation}]"));
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/a"));
        var (code, body) = await host.CreateAsync("x");
        Assert.Equal((500, $"Internal error occurred: {why}"), (code, (string?)body["message"]));
    }

    [Fact]
    public async Task ADeletionCannotBePatchedAndNobodyMovesAnObject()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.CreateAsync("x");
        host.Respond("/a", _ => WebhookHost.Patched(
            """[{"op":"replace","path":"/metadata/namespace","value":"default"}]"""));
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/a"));
        var (_, deletion) = await host.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/space/configmaps/x");
        Assert.Equal(
            "Internal error occurred: admission webhook \"a.example.com\" attempted to modify the object, which is not "
            + "supported for this operation",
            (string?)deletion["message"]);
        Assert.Equal("DeleteOptions", (string?)host.Remote.Calls.Single()["request"]!["options"]!["kind"]);
        var (code, moved) = await host.CreateAsync("y");
        Assert.Equal(400, code);
        Assert.Equal(
            "the namespace of the provided object does not match the namespace sent on the request",
            (string?)moved["message"]);
    }
}
