using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>The events of real requests, field by field.</summary>
public sealed class AuditOverHttpTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task ACreateIsOneEventWhenItComesAndOneWhenItIsAnswered()
    {
        await using var host = await StartAsync("{level: Metadata}");
        using var request = new HttpRequestMessage(HttpMethod.Post, Maps + "?fieldManager=me")
        {
            Content = Json("""{"metadata":{"name":"a"}}"""),
        };
        request.Headers.Add("Audit-ID", "11111111-2222-3333-4444-555555555555");
        request.Headers.Add("X-Forwarded-For", "10.1.2.3, 10.1.2.4");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("test", "1"));
        using var response = await host.Host.Http.SendAsync(request);
        Assert.Equal("11111111-2222-3333-4444-555555555555", response.Headers.GetValues("Audit-Id").Single());

        var first = await host.Events.NextAsync();
        Same(first, """
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata",
             "auditID":"11111111-2222-3333-4444-555555555555",
             "stage":"RequestReceived",
             "requestURI":"/api/v1/namespaces/default/configmaps?fieldManager=me","verb":"create",
             "user":{"username":"admin","groups":["system:masters","system:authenticated"]},
             "sourceIPs":["10.1.2.3","10.1.2.4","127.0.0.1"],"userAgent":"test/1",
             "objectRef":{"resource":"configmaps","namespace":"default","apiVersion":"v1"},
             "requestReceivedTimestamp":"*","stageTimestamp":"*"}
            """);
        Assert.Equal((string?)first["requestReceivedTimestamp"], (string?)first["stageTimestamp"]);
        Same(await host.Events.NextAsync(), """
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata",
             "auditID":"11111111-2222-3333-4444-555555555555",
             "stage":"ResponseComplete",
             "requestURI":"/api/v1/namespaces/default/configmaps?fieldManager=me","verb":"create",
             "user":{"username":"admin","groups":["system:masters","system:authenticated"]},
             "sourceIPs":["10.1.2.3","10.1.2.4","127.0.0.1"],"userAgent":"test/1",
             "objectRef":{"resource":"configmaps","namespace":"default","name":"a","apiVersion":"v1"},
             "responseStatus":{"metadata":{},"code":201},
             "requestReceivedTimestamp":"*","stageTimestamp":"*",
             "annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}
            """);
    }

    [Fact]
    public async Task BodiesAreLoggedAsFarAsThePolicyWantsThem()
    {
        await using var host = await StartAsync(
            "{level: RequestResponse, omitStages: [RequestReceived], omitManagedFields: true}");
        await SendAsync(
            host, HttpMethod.Post, Maps, "{\n  \"metadata\": {\"name\": \"a\"},\n  \"data\": {\"k\": \"v\"}\n}");

        var created = await host.Events.NextAsync();
        Assert.Equal(
            """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"k":"v"}}""",
            created["requestObject"]!.ToJsonString());
        Assert.Equal("v", (string?)created["responseObject"]!["data"]!["k"]);
        Assert.Null(created["responseObject"]!["metadata"]!["managedFields"]);
        Assert.NotNull(created["responseObject"]!["metadata"]!["uid"]);

        await SendAsync(host, HttpMethod.Patch, Maps + "/a", """{"data":{"k":"w"}}""", "application/merge-patch+json");
        var patched = await host.Events.NextAsync();
        Assert.Equal("""{"data":{"k":"w"}}""", patched["requestObject"]!.ToJsonString());
        Assert.Equal("patch", (string?)patched["verb"]);

        await SendAsync(host, HttpMethod.Get, Maps, null);
        var listed = await host.Events.NextAsync();
        Assert.Equal("ConfigMapList", (string?)listed["responseObject"]!["kind"]);
        Assert.Contains(
            listed["responseObject"]!["items"]!.AsArray(), static i => (string?)i!["metadata"]!["name"] == "a");

        await SendAsync(
            host, HttpMethod.Delete, Maps + "/a",
            """{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}""");
        var deleted = await host.Events.NextAsync();
        Assert.Equal(0, (int?)deleted["requestObject"]!["gracePeriodSeconds"]);
        Assert.Equal("Success", (string?)deleted["responseStatus"]!["status"]);
        Assert.Equal("a", (string?)deleted["responseStatus"]!["details"]!["name"]);
        Assert.Equal(200, (int?)deleted["responseStatus"]!["code"]);
    }

    [Theory]
    [InlineData("application/json", """{"spec":{"replicas":3},"metadata":{"name":"d"}}""")]
    [InlineData("application/yaml", "metadata: {name: d}\nspec: {replicas: 3}\n")]
    [InlineData(
        "application/vnd.kubernetes.protobuf",
        "k8s\0\n\u0017\n\u000eautoscaling/v1\u0012\u0005Scale\u0012\t\n\u0003\n\u0001d\u0012\u0002\b\u0003")]
    public async Task BodiesOfSubresourcesAreObjectsWhateverTheyCameAs(string type, string scale)
    {
        const string Deployments = "/apis/apps/v1/namespaces/default/deployments";
        await using var host = await StartAsync(
            "{level: RequestResponse, omitStages: [RequestReceived], omitManagedFields: true}", Deployments + "/d/");
        await SendAsync(host, HttpMethod.Post, Deployments, """
            {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":
            {"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        await SendAsync(host, HttpMethod.Put, Deployments + "/d/scale", scale, type);

        var scaled = await host.Events.NextAsync();
        Same(scaled["requestObject"]!, """
            {"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"d"},"spec":{"replicas":3},"status":{"replicas":0}}
            """);
        Assert.Equal("Scale", (string?)scaled["responseObject"]!["kind"]);
        Assert.Equal(3, (int?)scaled["responseObject"]!["spec"]!["replicas"]);
        Assert.Equal("scale", (string?)scaled["objectRef"]!["subresource"]);
    }

    [Fact]
    public async Task AtTheRequestLevelAnswersAreNotLogged()
    {
        await using var host = await StartAsync("{level: Request, omitStages: [RequestReceived]}");
        await SendAsync(host, HttpMethod.Post, Maps, """{"metadata":{"name":"a"}}""");

        var created = await host.Events.NextAsync();
        Assert.NotNull(created["requestObject"]);
        Assert.Null(created["responseObject"]);
    }

    [Fact]
    public async Task ARefusalIsLoggedWithItsReason()
    {
        await using var host = await StartAsync("{level: Metadata, omitStages: [RequestReceived]}");
        await SendAsync(host, HttpMethod.Get, Maps + "/missing", null);

        Same((await host.Events.NextAsync())["responseStatus"]!, """
            {"metadata":{},"status":"Failure","message":"configmaps \"missing\" not found","reason":"NotFound",
             "details":{"name":"missing","kind":"configmaps"},"code":404}
            """);
    }

    [Fact]
    public async Task WhoActsAsSomebodyElseIsLoggedWithBoth()
    {
        await using var host = await StartAsync("{level: Metadata, omitStages: [RequestReceived]}");
        using var request = new HttpRequestMessage(HttpMethod.Get, Maps);
        request.Headers.Add("Impersonate-User", "jane");
        using var response = await host.Host.Http.SendAsync(request);

        var refused = await host.Events.NextAsync();
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("admin", (string?)refused["user"]!["username"]);
        Assert.Equal("jane", (string?)refused["impersonatedUser"]!["username"]);
        Assert.Equal(
            "impersonate:user-info", (string?)refused["authenticationMetadata"]!["impersonationConstraint"]);
        Assert.Equal("forbid", (string?)refused["annotations"]!["authorization.k8s.io/decision"]);
        Assert.Equal(403, (int?)refused["responseStatus"]!["code"]);
    }

    [Fact]
    public async Task AWatchIsLoggedWhenItBeginsAndWhenItEnds()
    {
        await using var host = await StartAsync("{level: Metadata}");
        using (var response = await host.Host.Http.GetAsync(
            Maps + "?watch=1", HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal("RequestReceived", (string?)(await host.Events.NextAsync())["stage"]);
            var started = await host.Events.NextAsync();
            Assert.Equal(("ResponseStarted", "watch"), ((string?)started["stage"], (string?)started["verb"]));
            Assert.Equal(200, (int?)started["responseStatus"]!["code"]);
        }

        Assert.Equal("ResponseComplete", (string?)(await host.Events.NextAsync())["stage"]);
    }

    [Fact]
    public async Task WhatThePolicyDoesNotWantLeavesNoTrace()
    {
        await using var host = await StartAsync("{level: None, verbs: [list]}, {level: Metadata}");
        await SendAsync(host, HttpMethod.Get, Maps, null);
        await SendAsync(host, HttpMethod.Get, Maps + "/a", null);

        Assert.Equal("get", (string?)(await host.Events.NextAsync())["verb"]);
    }

    [Fact]
    public async Task WhatAControllerDoesIsLoggedAsTheRequestThatItWouldBe()
    {
        await using var host = await StartAsync("{level: Metadata, omitStages: [RequestReceived]}");
        await SendAsync(host, HttpMethod.Post, Maps, """{"metadata":{"name":"a"}}""");
        await host.Events.NextAsync();
        var collector = host.Host.Services.GetRequiredService<IResourceClient>()
            .As(UserIdentity.Controller("generic-garbage-collector"));
        await collector.DeleteAsync(
            new DeleteRequest { Resource = ProtocolHost.ConfigMaps, Key = new ObjectKey("default", "a") }, default);

        var deleted = await host.Events.NextAsync();
        Assert.Equal("delete", (string?)deleted["verb"]);
        Assert.Equal(
            "system:serviceaccount:kube-system:generic-garbage-collector", (string?)deleted["user"]!["username"]);
        Assert.Equal(Maps + "/a", (string?)deleted["requestURI"]);
        Assert.Equal("a", (string?)deleted["objectRef"]!["name"]);
        Assert.Equal(200, (int?)deleted["responseStatus"]!["code"]);
    }

    [Fact]
    public async Task TheEndOfALeaseIsNoRequest()
    {
        await using var host = await StartAsync("{level: Metadata, omitStages: [RequestReceived]}");
        await SendAsync(host, HttpMethod.Post, Maps, """{"metadata":{"name":"a"}}""");
        await host.Events.NextAsync();
        var client = host.Host.Services.GetRequiredService<IResourceClient>().As(UserIdentity.ApiServer);
        var key = new ObjectKey("default", "a");
        var ended = await client.DeleteAsync(
            new DeleteRequest { Resource = ProtocolHost.ConfigMaps, Key = key, IsExpiry = true }, default);
        Assert.True(ended.Succeeded, ended.Error?.Message);

        await SendAsync(host, HttpMethod.Get, Maps + "/a", null);
        var next = await host.Events.NextAsync();
        Assert.Equal(("get", 404), ((string?)next["verb"], (int?)next["responseStatus"]!["code"]));
    }

    private static async Task SendAsync(
        Audited host, HttpMethod method, string path, string? json, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = json is null ? null : new StringContent(json, Encoding.UTF8, type),
        };
        using var response = await host.Host.Http.SendAsync(request);
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>Equal, fields in order, but for what the star stands for.</summary>
    private static void Same(JsonNode actual, string expected)
    {
        var wanted = JsonNode.Parse(expected)!.AsObject();
        foreach (var (name, _) in wanted.Where(static p => p.Value is JsonValue v && v.ToString() == "*").ToList())
        {
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", (string?)actual[name]);
            wanted[name] = (string?)actual[name];
        }

        Assert.Equal(wanted.ToJsonString(), actual.ToJsonString());
    }

    private static async Task<Audited> StartAsync(string rules, string prefix = Maps)
    {
        var events = new Recorder { Prefix = prefix };
        var policy = AuditPolicyReader.Read(
            Encoding.UTF8.GetBytes($"{{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{rules}]}}"));
        var host = await ProtocolHost.StartAsync(configure: services =>
        {
            services.AddSingleton<IAuditSink>(events);
            services.AddAudit(policy);
        });
        using var made = await host.Http.PostAsync("/api/v1/namespaces", Json("""{"metadata":{"name":"default"}}"""));
        return new Audited(host, events);
    }

    private sealed record Audited(ProtocolHost Host, Recorder Events) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
