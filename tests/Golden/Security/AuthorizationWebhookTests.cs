using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>A webhook among the authorizers, asked over TLS by a real server.</summary>
public sealed class AuthorizationWebhookTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly TestAuthority _authority = new();
    private GoldenHost? _host;
    private TestRemote? _webhook;
    private string _status = "{}";

    public async ValueTask InitializeAsync()
    {
        _webhook = await TestRemote.StartAsync(_authority.Issue(["localhost"]), AnswerAsync);
        _host = await GoldenHost.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host!.DisposeAsync();
        await _webhook!.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ItAllowsForbidsAndIsAskedOnceForAWhile()
    {
        Use("Deny");
        _status = """{"allowed":true,"reason":"fine"}""";
        const string List = "/api/v1/namespaces/default/pods"
            + "?fieldSelector=spec.nodeName%3Dn,metadata.name!%3Db,metadata.name!%3Da&labelSelector=b%20notin%20(d,c),a";
        Assert.Equal(200, (await SendAsync(List)).Status);
        Assert.Equal(200, (await SendAsync(List)).Status);
        _status = """{"denied":true,"reason":"not you"}""";
        var denied = await SendAsync("/api/v1/namespaces/default/secrets/s");
        _status = """{"reason":"who are you"}""";
        var unknown = await SendAsync("/api/v1/namespaces/default/configmaps/s");

        Assert.Equal(3, _webhook!.Calls.Count);
        Assert.Equal(
            """{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":"""
                + """{"namespace":"default","verb":"list","version":"v1","resource":"pods","fieldSelector":"""
                + """{"requirements":[{"key":"metadata.name","operator":"NotIn","values":["a"]},"""
                + """{"key":"metadata.name","operator":"NotIn","values":["b"]},"""
                + """{"key":"spec.nodeName","operator":"In","values":["n"]}]},"labelSelector":"""
                + """{"requirements":[{"key":"a","operator":"Exists"},"""
                + """{"key":"b","operator":"NotIn","values":["c","d"]}]}},"user":"jane","groups":"""
                + """["devs","system:authenticated"]}}""",
            _webhook.Calls.First().ToJsonString());
        Assert.Equal(
            "secrets \"s\" is forbidden: User \"jane\" cannot get resource \"secrets\" in API group \"\" in the "
                + "namespace \"default\": not you", Message(denied));
        Assert.Equal(
            "configmaps \"s\" is forbidden: User \"jane\" cannot get resource \"configmaps\" in API group \"\" in the "
                + "namespace \"default\": who are you", Message(unknown));
    }

    /// <summary>What upstream answers when nobody could decide; what another one allows is allowed.</summary>
    [Theory]
    [InlineData("Deny", "/api/v1/namespaces/default/pods", 500)]
    [InlineData("NoOpinion", "/api/v1/namespaces/default/pods", 500)]
    [InlineData("Deny", "/version", 500)]
    [InlineData("NoOpinion", "/version", 200)]
    public async Task AFailureIsDecidedAsItsPolicySays(string policy, string path, int status)
    {
        Use(policy);
        _status = "";

        var answer = await SendAsync(path);

        Assert.Equal(status, answer.Status);
        if (status == 500)
        {
            Assert.Equal(
                $"Internal Server Error: \"{path}\": Internal error occurred: webhook response is no object\n",
                Encoding.UTF8.GetString(answer.Body));
        }
    }

    [Theory]
    [InlineData("request.user == \"jane\"", true)]
    [InlineData("request.resourceAttributes.namespace == \"kube-system\"", false)]
    [InlineData("has(request.resourceAttributes.labelSelector)", false)]
    [InlineData("!(\"system:masters\" in request.groups)", true)]
    public async Task ItIsAskedWhenItsConditionsAreTrue(string condition, bool isAsked)
    {
        Use(
            "Deny",
            $"matchConditionSubjectAccessReviewVersion: v1, matchConditions: [{{expression: '{condition}'}}], ");
        _status = """{"allowed":true}""";

        var answer = await SendAsync("/api/v1/namespaces/default/pods");

        Assert.Equal(isAsked ? 200 : 403, answer.Status);
        Assert.Equal(isAsked ? 1 : 0, _webhook!.Calls.Count);
    }

    /// <summary>Other modes: who allows everything, and who allows nothing.</summary>
    [Theory]
    [InlineData("AlwaysAllow", 200)]
    [InlineData("AlwaysDeny", 403)]
    public async Task OtherModesDecideAsTheyAreCalled(string mode, int status)
    {
        _host!.Services.GetRequiredService<ConfiguredAuthorizers>().Use(AuthorizationConfiguration.OfModes([mode]));

        Assert.Equal(status, (await SendAsync("/api/v1/namespaces/default/pods")).Status);
    }

    private void Use(string policy, string more = "")
    {
        var file = TestKubeconfig.Write(_folder, _authority, _webhook!.Url("/review"));
        _host!.Services.GetRequiredService<ConfiguredAuthorizers>().Use(AuthorizationConfigurationReader.Read(
            Encoding.UTF8.GetBytes($$"""
                apiVersion: apiserver.config.k8s.io/v1
                kind: AuthorizationConfiguration
                authorizers:
                - {type: Node, name: node}
                - type: Webhook
                  name: them
                  webhook: {timeout: 30s, failurePolicy: {{policy}}, subjectAccessReviewVersion: v1, {{more}}
                    connectionInfo: {type: KubeConfigFile, kubeConfigFile: '{{file}}'} }
                - {type: RBAC, name: rbac}
                """), []));
    }

    private async Task<RawAnswer> SendAsync(string path)
    {
        using var client = new RawHttpClient(_host!.Address.Host, _host.Address.Port);
        return await client.SendAsync(
            "GET", path,
            [
                new("Host", "x"), new("Authorization", $"Bearer {GoldenHost.Token}"), new("Impersonate-User", "jane"),
                new("Impersonate-Group", "devs"),
            ], null);
    }

    private static string Message(RawAnswer answer)
    {
        Assert.Equal(403, answer.Status);
        return (string)JsonNode.Parse(answer.Body)!["message"]!;
    }

    private async Task AnswerAsync(TestRemote remote, HttpContext context)
    {
        var question = await remote.ReadAsync(context);
        await context.Response.WriteAsync(_status.Length == 0 ? "[]" : new JsonObject
        {
            ["kind"] = "SubjectAccessReview",
            ["apiVersion"] = (string?)question["apiVersion"],
            ["status"] = JsonNode.Parse(_status),
        }.ToJsonString());
    }
}
