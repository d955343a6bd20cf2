using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Tests.Admission.Policies;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>Connections to pods, services and nodes are admitted as writes are: their options are the object.</summary>
public sealed class ConnectTests
{
    private const string Pod = "/api/v1/namespaces/space/pods/x";

    [Theory]
    [InlineData("attach?stdin=true&stdout=1&tty=false&container=c", "PodAttachOptions",
        """{"stdin":true,"stdout":true,"container":"c"}""")]
    [InlineData("attach", "PodAttachOptions", "{}")]
    [InlineData("exec?command=ls&command=-l&stderr=true", "PodExecOptions",
        """{"stderr":true,"command":["ls","-l"]}""")]
    [InlineData("portforward?ports=80,81", "PodPortForwardOptions", """{"ports":[80,81]}""")]
    [InlineData("proxy/a%20b/", "PodProxyOptions", """{"path":"/a b/"}""")]
    [InlineData("proxy", "PodProxyOptions", "{}")]
    public async Task AWebhookSeesTheOptionsAndDenies(string path, string kind, string options)
    {
        await using var host = await StartAsync();
        var subresource = path.Split('?', '/')[0];
        host.Respond("/a", _ => new JsonObject
        {
            ["allowed"] = false,
            ["status"] = new JsonObject { ["message"] = "attaching to pod 'x' is not allowed", ["code"] = 403 },
        });
        await host.ConfigureAsync(
            "Validating", "one", host.Hook("a.example.com", "/a", rules: Rule($"pods/{subresource}")));
        var (code, body) = await host.SendAsync(HttpMethod.Get, $"{Pod}/{path}");
        Assert.Equal(
            (403, "admission webhook \"a.example.com\" denied the request: attaching to pod 'x' is not allowed"),
            (code, (string?)body["message"]));
        var request = Assert.Single(host.Remote.Calls)["request"]!.AsObject();
        request.Remove("uid");
        request.Remove("userInfo");
        var (kindJson, resource) = (
            $$"""{"group":"","version":"v1","kind":"{{kind}}"}""",
            """{"group":"","version":"v1","resource":"pods"}""");
        var shown = JsonNode.Parse(options)!.AsObject();
        (shown["kind"], shown["apiVersion"]) = (kind, "v1");
        var expected = JsonNode.Parse(
            $$"""
            {"kind":{{kindJson}},"resource":{{resource}},"subResource":"{{subresource}}","requestKind":{{kindJson}},
            "requestResource":{{resource}},"requestSubResource":"{{subresource}}","name":"x","namespace":"space",
            "operation":"CONNECT","object":{{shown.ToJsonString()}},"oldObject":null,"dryRun":false,"options":null}
            """);
        Assert.True(JsonNode.DeepEquals(expected, request), request.ToJsonString());
    }

    [Theory]
    [InlineData("namespaces/space/services/https:x:1/proxy/p", "services/proxy", "ServiceProxyOptions",
        "request.name == 'https:x:1' && object.path == '/p'", "services \"https:x:1\"")]
    [InlineData("nodes/x/proxy/stats/", "nodes/proxy", "NodeProxyOptions",
        "object.path == '/stats/' && request.?namespace == optional.none()", "nodes \"x\"")]
    [InlineData("namespaces/space/pods/x/exec?command=sh", "pods/exec", "PodExecOptions",
        "object.command == ['sh'] && !has(object.stdin) && namespaceObject.metadata.name == 'space'", "pods \"x\"")]
    public async Task APolicySeesTheOptionsAndDenies(
        string path, string resource, string kind, string matches, string what)
    {
        await using var host = await StartAsync();
        var expression = $"!({matches} && object.kind == '{kind}' && request.operation == 'CONNECT' "
            + "&& request.options == null && oldObject == null)";
        var validation = new JsonObject { ["expression"] = expression, ["message"] = "no" };
        await host.ValidateAsync(
            "p", $"\"validations\":[{validation.ToJsonString()}]",
            rules: PolicySetup.Rules("", resource, "CONNECT"));
        var (code, body) = await host.SendAsync(HttpMethod.Get, $"/api/v1/{path}");
        Assert.Equal((422, PolicySetup.Denied("p", "no", what)), (code, (string?)body["message"]));
    }

    [Fact]
    public async Task WhatIsMadeOfTheOptionsCounts()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/v1/namespaces/space/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await host.PostAsync(
            "/api/v1/namespaces/space/pods",
            """{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        host.Respond(
            "/a", static _ => WebhookHost.Patched("""[{"op":"replace","path":"/container","value":"hook"}]"""));
        await host.ConfigureAsync("Mutating", "one", host.Hook("a.example.com", "/a", rules: Rule("pods/attach")));
        await host.MutateAsync(
            "p", [PolicySetup.Patched("[JSONPatch{op: 'add', path: '/container', value: 'policy'}]")],
            rules: PolicySetup.Rules("", "pods/exec", "CONNECT"));
        await host.MutateAsync(
            "q", [PolicySetup.Applied("Object{path: '/elsewhere'}")],
            rules: PolicySetup.Rules("", "pods/proxy", "CONNECT"));
        await host.ValidateAsync(
            "r", """
            "validations":[{"expression":"object.path != '/elsewhere'","message":"not there"}]
            """, rules: PolicySetup.Rules("", "pods/proxy", "CONNECT"));
        await AssertRefusedAsync(host, "attach?container=c", 400, "container hook is not valid for pod x");
        await AssertRefusedAsync(host, "exec?command=sh", 400, "container policy is not valid for pod x");
        await AssertRefusedAsync(host, "proxy/here", 422, PolicySetup.Denied("r", "not there", "pods \"x\""));
    }

    [Fact]
    public async Task NoSelectorOfLabelsMatchesAConnection()
    {
        await using var host = await StartAsync();
        const string Selector = """
            ,"objectSelector":{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}
            """;
        await host.ConfigureAsync(
            "Validating", "one", host.Hook("a.example.com", "/a", Selector, Rule("pods/attach")));
        await AssertRefusedAsync(host, "attach", 404, "pods \"x\" not found");
        Assert.Empty(host.Remote.Calls);
    }

    private static Task<WebhookHost> StartAsync() => WebhookHost.StartAsync(
        configure: static services => services.AddSingleton<RequestHeaderUsers>().AddSingleton<TrustStore>()
            .AddOrchestratorKubeletAccess());

    private static async Task AssertRefusedAsync(WebhookHost host, string path, int code, string message)
    {
        var (got, body) = await host.SendAsync(HttpMethod.Get, $"{Pod}/{path}");
        Assert.Equal((code, message), (got, (string?)body["message"]));
    }

    private static string Rule(string resource) =>
        $$"""{"operations":["CONNECT"],"apiGroups":[""],"apiVersions":["v1"],"resources":["{{resource}}"]}""";
}
