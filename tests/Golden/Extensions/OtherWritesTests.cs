using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>What is wrong with a policy, a webhook or a definition stops what it is about, and nothing else.</summary>
public sealed class OtherWritesTests
{
    private const string Registration = "/apis/admissionregistration.k8s.io/v1";
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Map = """{"metadata":{"generateName":"m"}}""";
    private const string Secrets = "/api/v1/namespaces/default/secrets";

    [Theory]
    [InlineData("object.none.none == 1")]
    [InlineData("lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, c >= 0)))")]
    [InlineData("false")]
    public async Task A_policy_about_everything_can_be_taken_back(string expression)
    {
        await using var server = await Server.StartAsync();
        await PolicyAsync(server, "all", expression, "[\"*\"]");
        await IsAsync(server, 422, "POST", Maps, Map);
        await IsAsync(server, 200, "GET", Maps);
        await IsAsync(server, 200, "DELETE", $"{Registration}/validatingadmissionpolicybindings/all");
        await SyncAsync(server, "validatingadmissionpolicybindings");
        await IsAsync(server, 201, "POST", Maps, Map);
    }

    [Fact]
    public async Task A_policy_that_changes_everything_and_fails_can_be_taken_back()
    {
        await using var server = await Server.StartAsync();
        await MakeAsync(server, $"{Registration}/mutatingadmissionpolicies", """
            {"metadata":{"name":"all"},"spec":{"failurePolicy":"Fail","reinvocationPolicy":"Never","matchConstraints":{
            "resourceRules":[{"operations":["CREATE","UPDATE"],"apiGroups":["*"],"apiVersions":["*"],
            "resources":["*"]}]},"mutations":[{"patchType":"JSONPatch","jsonPatch":{
            "expression":"[JSONPatch{op: 'remove', path: '/none/none'}]"}}]}}
            """);
        await MakeAsync(server, $"{Registration}/mutatingadmissionpolicybindings", """
            {"metadata":{"name":"all"},"spec":{"policyName":"all"}}
            """);
        await SyncAsync(server, "mutatingadmissionpolicies");
        await SyncAsync(server, "mutatingadmissionpolicybindings");
        await IsAsync(server, 403, "POST", Maps, Map);
        await IsAsync(server, 200, "DELETE", $"{Registration}/mutatingadmissionpolicies/all");
        await SyncAsync(server, "mutatingadmissionpolicies");
        await IsAsync(server, 201, "POST", Maps, Map);
    }

    [Fact]
    public async Task A_policy_that_fails_refuses_its_own_resource_only()
    {
        await using var server = await Server.StartAsync();
        await PolicyAsync(server, "maps", "object.none.none == 1", "[\"configmaps\"]");
        await IsAsync(server, 422, "POST", Maps, Map);
        await IsAsync(server, 201, "POST", Secrets, Map);
    }

    [Theory]
    [InlineData("validatingwebhookconfigurations")]
    [InlineData("mutatingwebhookconfigurations")]
    public async Task A_webhook_that_is_not_there_can_be_taken_back(string plural)
    {
        await using var server = await Server.StartAsync();
        await MakeAsync(server, $"{Registration}/{plural}", """
            {"metadata":{"name":"all"},"webhooks":[{"name":"all.example.com",
            "clientConfig":{"url":"https://localhost:1/"},"sideEffects":"None","admissionReviewVersions":["v1"],
            "failurePolicy":"Fail","rules":[{"operations":["*"],
            "apiGroups":["*"],"apiVersions":["*"],"resources":["*"]}]}]}
            """);
        await SyncAsync(server, plural);
        await IsAsync(server, 500, "POST", Maps, Map);
        await IsAsync(server, 200, "DELETE", $"{Registration}/{plural}/all");
        await SyncAsync(server, plural);
        await IsAsync(server, 201, "POST", Maps, Map);
    }

    [Fact]
    public async Task A_kind_that_nobody_converts_is_alone_with_that()
    {
        const string group = "lost.example.com";
        await using var server = await Server.StartAsync();
        await MakeAsync(server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$$"""
            {"metadata":{"name":"things.{{{{group}}}}"},"spec":{"group":"{{{{group}}}}","scope":"Namespaced",
            "names":{"plural":"things","kind":"Thing"},"conversion":{"strategy":"Webhook","webhook":{
            "conversionReviewVersions":["v1"],"clientConfig":{"url":"https://localhost:1/"}}},"versions":[
            {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},
            {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}
            """);
        await server.Services.GetRequiredService<ResourceCatalog>().ServedAsync(new ResourceName(group, "things"));
        const string things = $"/apis/{group}/v1/namespaces/default/things";
        await MakeAsync(
            server, things, $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Thing","metadata":{"name":"t"} }""");

        await IsAsync(server, 500, "GET", $"/apis/{group}/v2/namespaces/default/things/t");
        await IsAsync(server, 200, "GET", $"{things}/t");
        foreach (var path in (string[])["/apis", "/openapi/v2", $"/openapi/v3/apis/{group}/v2", Maps])
        {
            await IsAsync(server, 200, "GET", path);
        }

        await IsAsync(server, 201, "POST", Maps, Map);
        await IsAsync(server, 200, "DELETE", $"{things}/t");
    }

    private static async Task PolicyAsync(Server server, string name, string expression, string resources)
    {
        await MakeAsync(server, $"{Registration}/validatingadmissionpolicies", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"failurePolicy":"Fail","matchConstraints":{"resourceRules":[{
            "operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":{{{resources}}}}]},
            "validations":[{"expression":"{{{expression}}}"}]}}
            """);
        await MakeAsync(server, $"{Registration}/validatingadmissionpolicybindings", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"policyName":"{{{name}}}","validationActions":["Deny"]} }
            """);
        await SyncAsync(server, "validatingadmissionpolicies");
        await SyncAsync(server, "validatingadmissionpolicybindings");
    }

    private static Task MakeAsync(Server server, string path, string body) => IsAsync(server, 201, "POST", path, body);

    private static async Task IsAsync(Server server, int status, string method, string path, string? body = null)
    {
        var answer = await server.SendAsync(method, path, body);
        Assert.True(answer.Status == status, $"{method} {path}: {answer.Status} {answer.Body.ToJsonString()}");
    }

    private static async Task SyncAsync(Server server, string plural)
    {
        var cache = await server.Services.GetRequiredService<ResourceCaches>().GetAsync(
            new ResourceName("admissionregistration.k8s.io", plural), CancellationToken.None);
        await cache.ConsistentAsync(CancellationToken.None);
    }
}
