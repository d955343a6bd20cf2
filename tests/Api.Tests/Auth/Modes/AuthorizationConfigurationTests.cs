using System.Text;
using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.Api.Configuration;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Modes;

/// <summary>What is wrong with an AuthorizationConfiguration is told in upstream's words, all of it at once.</summary>
public sealed class AuthorizationConfigurationTests
{
    private const string Node = "{type: Node, name: node}";
    private const string Good = "timeout: 3s, failurePolicy: Deny, subjectAccessReviewVersion: v1, "
        + "connectionInfo: {type: InClusterConfig}";

    [Fact]
    public void DefaultsAreUpstreams()
    {
        var read = Read($"[{Node}, {{type: Webhook, name: w, webhook: {{{Good}}}}}]");

        Assert.Equal(["Node", "Webhook"], read.Authorizers.Select(static a => a.Type));
        var webhook = read.Authorizers[1].Webhook!;
        Assert.Equal(TimeSpan.FromSeconds(3), webhook.Timeout);
        Assert.Equal(TimeSpan.FromMinutes(5), webhook.AuthorizedTtl);
        Assert.Equal(TimeSpan.FromSeconds(30), webhook.UnauthorizedTtl);
        Assert.True(webhook.CachesAuthorized && webhook.CachesUnauthorized);
    }

    [Theory]
    [InlineData("[]", "authorizers: Required value: at least one authorization mode must be defined")]
    [InlineData("[{name: x}, {type: XBAC, name: xbac}, " + Node + ", " + Node + "]",
        "[authorizers[0].type: Required value, authorizers[1].type: Unsupported value: \"XBAC\": supported values: "
        + "\"ABAC\", \"AlwaysAllow\", "
        + "\"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\", authorizers[3].type: Duplicate value: "
        + "\"Node\"]")]
    [InlineData("[{type: Node}, {type: RBAC, name: r}]", "authorizers[0].name: Required value")]
    [InlineData("[{type: Node, name: x}, {type: RBAC, name: r}]",
        "[expected name node for authorizer Node instead of x, expected name rbac for authorizer RBAC instead of r]")]
    [InlineData("[{type: Webhook, name: A}]",
        "[authorizers[0].name: Invalid value: \"A\": authorizer name is invalid: a lowercase RFC 1123 subdomain must "
        + "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), "
        + "authorizers[0].webhook: Required value: required when type=Webhook]")]
    [InlineData("[{type: Node, name: node, webhook: {timeout: 1s}}]",
        "authorizers[0].webhook: Invalid value: \"non-null\": may only be specified when type=Webhook")]
    [InlineData("[{type: Webhook, name: w, webhook: {authorizedTTL: -1s}}]",
        "[authorizers[0].timeout: Required value, authorizers[0].authorizedTTL: Invalid value: \"-1s\": must be > 0s, "
        + "authorizers[0].subjectAccessReviewVersion: Required value, authorizers[0].failurePolicy: Required value, "
        + "authorizers[0].connectionInfo.type: Required value]")]
    [InlineData("[{type: Webhook, name: w, webhook: {timeout: 31s, failurePolicy: Fail, subjectAccessReviewVersion: "
        + "v2, connectionInfo: {type: KubeConfigFile, kubeConfigFile: a}, "
        + "matchConditions: [{expression: 'request.user'}, {expression: ''}, {expression: 'request.usr == \"\"'}]}}]",
        "[authorizers[0].timeout: Invalid value: \"31s\": must be > 0s and <= 30s, "
        + "authorizers[0].subjectAccessReviewVersion: Unsupported value: \"v2\": supported values: \"v1\", "
        + "\"v1beta1\", "
        + "authorizers[0].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are "
        + "specified, authorizers[0].failurePolicy: Unsupported value: \"Fail\": supported values: \"NoOpinion\", "
        + "\"Deny\", authorizers[0].connectionInfo.kubeConfigFile: Invalid value: \"a\": must be an absolute path, "
        + "authorizers[0].matchConditions[0].expression: Invalid value: \"request.user\": must evaluate to bool but "
        + "got string, authorizers[0].matchConditions[1].expression: Required value, "
        + "authorizers[0].matchConditions[2].expression: Invalid value: \"request.usr == \\\"\\\"\": compilation "
        + "failed: ERROR: <input>:1:8: undefined field 'usr'\n | request.usr == \"\"\n | .......^]")]
    public void WhatIsWrongIsTold(string authorizers, string complaint)
    {
        var refusal = Assert.Throws<ConfigurationException>(() => Read(authorizers));

        Assert.Equal($"failed to load AuthorizationConfiguration from file: {complaint}", refusal.Message);
    }

    /// <summary>As upstream has it, a change takes away no type but webhooks.</summary>
    [Fact]
    public void TypesThatWereThereStay()
    {
        var refusal = Assert.Throws<ConfigurationException>(
            () => Read("[{type: AlwaysDeny, name: alwaysdeny}]", "RBAC", "Node"));

        Assert.Equal(
            "failed to load AuthorizationConfiguration from file: missing required types: [Node RBAC]",
            refusal.Message);
    }

    private static AuthorizationConfiguration Read(string authorizers, params string[] required) =>
        AuthorizationConfigurationReader.Read(
            Encoding.UTF8.GetBytes(
                "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n"
                    + $"authorizers: {authorizers}"),
            required);
}
