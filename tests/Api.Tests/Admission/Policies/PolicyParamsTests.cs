using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Policies;

/// <summary>Which objects parameterize a policy, and what is said when there are none.</summary>
public sealed class PolicyParamsTests
{
    private const string Limits =
        "\"paramKind\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"},\"matchConditions\":[{\"name\":\"c\","
        + "\"expression\":\"!object.metadata.name.startsWith('limit')\"}],\"validations\":[{\"expression\":"
        + "\"params == null || object.metadata.name.size() <= int(params.data.max)\","
        + "\"messageExpression\":\"'at most ' + params.data.max + ' by ' + params.metadata.name\"}]";

    [Fact]
    public async Task EachOfThoseThatAreSelectedIsAskedWith()
    {
        await using var host = await StartAsync();
        await host.ValidateAsync("p", Limits, Ref("\"selector\":{\"matchLabels\":{\"use\":\"yes\"}}"));
        Assert.Equal(201, (await host.CreateAsync("x")).Code);
        Assert.Equal(
            PolicySetup.Denied("p", "at most 1 by limit-b", "configmaps \"xx\""),
            (string?)(await host.CreateAsync("xx")).Body["message"]);
    }

    [Theory]
    [InlineData("\"name\":\"limit-a\"", "Deny", "xxxx", "at most 3 by limit-a")]
    [InlineData("\"name\":\"limit-a\",\"namespace\":\"space\"", "Deny", "xxxx", "at most 3 by limit-a")]
    [InlineData(
        "\"name\":\"none\"", "Deny", "x",
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction")]
    [InlineData("\"name\":\"none\"", "Allow", "xxxx", null)]
    [InlineData("\"selector\":{\"matchLabels\":{\"use\":\"no\"}}", "Allow", "xxxx", null)]
    public async Task ANameOrTheActionForNoneDecides(string reference, string action, string name, string? message)
    {
        await using var host = await StartAsync();
        await host.ValidateAsync("p", Limits, Ref(reference, action));
        Assert.Equal(
            message is null ? null : PolicySetup.Denied("p", message, $"configmaps \"{name}\""),
            (string?)(await host.CreateAsync(name)).Body["message"]);
    }

    [Fact]
    public async Task APolicyIsAskedWithoutWhereItsBindingNamesNone()
    {
        await using var host = await StartAsync();
        await host.ValidateAsync("p", Limits);
        Assert.Equal(201, (await host.CreateAsync("xxxxxxxx")).Code);
    }

    [Fact]
    public async Task AKindWithoutAGroupIsNamedAsGoNamesIt()
    {
        await using var host = await StartAsync();
        var unknown = Limits.Replace("\"kind\":\"ConfigMap\"", "\"kind\":\"None\"", StringComparison.Ordinal);
        await host.ValidateAsync("kind", unknown, Ref("\"name\":\"limit-a\""));
        Assert.Equal(
            "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'kind' denied request: failed to configure "
            + "policy: failed to find resource referenced by paramKind: '/v1, Kind=None'",
            (string?)(await host.CreateAsync("x")).Body["message"]);
    }

    [Fact]
    public async Task WhatCannotBeFoundIsSaid()
    {
        await using var host = await StartAsync();
        var unknown = Limits.Replace(
            "\"v1\",\"kind\":\"ConfigMap\"", "\"a.b/v1\",\"kind\":\"None\"", StringComparison.Ordinal);
        await host.ValidateAsync("kind", unknown, Ref("\"name\":\"limit-a\""));
        Assert.Equal(
            "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'kind' denied request: failed to configure "
            + "policy: failed to find resource referenced by paramKind: 'a.b/v1, Kind=None'",
            (string?)(await host.CreateAsync("x")).Body["message"]);

        await host.ValidateAsync(
            "space", Limits, Ref("\"name\":\"limit-a\""), PolicySetup.Rules("", "nodes"));
        Assert.Equal(
            PolicySetup.Denied(
                "space", "failed to configure binding: cannot use namespaced paramRef in policy binding that matches "
                + "cluster-scoped resources", "nodes \"n\""),
            (string?)(await host.SendAsync(
                HttpMethod.Post, "/api/v1/nodes", """{"metadata":{"name":"n"}}""")).Body["message"]);

        var ofCluster = Limits.Replace(
            "\"v1\",\"kind\":\"ConfigMap\"", "\"v1\",\"kind\":\"Namespace\"", StringComparison.Ordinal);
        await host.ValidateAsync(
            "cluster", ofCluster, Ref("\"name\":\"space\",\"namespace\":\"space\""), PolicySetup.Rules("", "secrets"));
        Assert.Equal(
            PolicySetup.Denied(
                "cluster", "failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped "
                + "`paramKind`", "secrets \"s\""),
            (string?)(await host.SendAsync(
                HttpMethod.Post, "/api/v1/namespaces/space/secrets", """{"metadata":{"name":"s"}}""")).Body["message"]);
    }

    private static async Task<WebhookHost> StartAsync()
    {
        var host = await WebhookHost.StartAsync();
        await host.CreateAsync("limit-a", "", ",\"labels\":{\"use\":\"yes\"}},\"data\":{\"max\":\"3\"");
        await host.CreateAsync("limit-b", "", ",\"labels\":{\"use\":\"yes\"}},\"data\":{\"max\":\"1\"");
        return host;
    }

    private static string Ref(string reference, string action = "Deny") =>
        $",\"paramRef\":{{{reference},\"parameterNotFoundAction\":\"{action}\"}}";
}
