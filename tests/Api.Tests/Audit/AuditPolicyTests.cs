using System.Text;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>Which rule decides about which request, and what a policy may not say.</summary>
public sealed class AuditPolicyTests
{
    private const string Typical = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        omitManagedFields: true
        rules:
        - level: None
          users: ["system:kube-proxy"]
          verbs: [watch]
          resources: [{group: "", resources: [endpoints, services]}]
        - {level: None, userGroups: ["system:nodes"], verbs: [get], resources: [{group: "", resources: [nodes]}]}
        - {level: None, nonResourceURLs: ["/healthz*", /version]}
        - level: Metadata
          resources:
          - {group: "", resources: [secrets, configmaps]}
          - {group: authentication.k8s.io, resources: [tokenreviews]}
          omitManagedFields: false
        - {level: Request, namespaces: [""], omitStages: [ResponseStarted]}
        - {level: RequestResponse, resources: [{group: apps, resources: ["deployments/*", "*/scale"]}]}
        - {level: Request, resources: [{group: "", resources: [pods], resourceNames: [web]}]}
        - {level: Metadata, resources: [{group: batch}]}
        - {level: Request, resources: [{group: "*", resources: ["*/approval", bindings]}]}
        - {level: Metadata, nonResourceURLs: ["*"]}
        """;

    [Theory]
    [InlineData("watch", "/api/v1/services", "system:kube-proxy", "", "None")]
    [InlineData("list", "/api/v1/services", "system:kube-proxy", "", "Request")]
    [InlineData("watch", "/api/v1/namespaces/a/services", "somebody", "", "None")]
    [InlineData("get", "/api/v1/nodes/n", "system:node:n", "system:nodes", "None")]
    [InlineData("get", "/api/v1/nodes/n/status", "system:node:n", "system:nodes", "Request")]
    [InlineData("get", "/healthz/etcd", "somebody", "", "None")]
    [InlineData("get", "/version", "somebody", "", "None")]
    [InlineData("get", "/version/", "somebody", "", "Metadata")]
    [InlineData("get", "/api/v1/namespaces/a/secrets/s", "somebody", "", "Metadata")]
    [InlineData("create", "/apis/authentication.k8s.io/v1/tokenreviews", "somebody", "", "Metadata")]
    [InlineData("get", "/apis/apps/v1/namespaces/a/deployments/d", "somebody", "", "RequestResponse")]
    [InlineData("update", "/apis/apps/v1/namespaces/a/deployments/d/status", "somebody", "", "RequestResponse")]
    [InlineData("update", "/apis/apps/v1/namespaces/a/replicasets/d/scale", "somebody", "", "RequestResponse")]
    [InlineData("get", "/api/v1/namespaces/a/pods/web", "somebody", "", "Request")]
    [InlineData("get", "/api/v1/namespaces/a/pods/other", "somebody", "", "None")]
    [InlineData("get", "/api/v1/namespaces/a/pods/web/log", "somebody", "", "None")]
    [InlineData("list", "/apis/batch/v1/namespaces/a/jobs", "somebody", "", "Metadata")]
    [InlineData("update", "/apis/example.com/v1/namespaces/a/wishes/w/approval", "somebody", "", "Request")]
    [InlineData("create", "/api/v1/namespaces/a/bindings", "somebody", "", "Request")]
    [InlineData("update", "/apis/example.com/v1/namespaces/a/wishes/w", "somebody", "", "None")]
    public void TheFirstRuleThatFitsDecides(string verb, string path, string user, string group, string level)
    {
        var decision = Read(Typical).Decide(
            Request(verb, path), new UserIdentity { Name = user, Groups = group.Length == 0 ? [] : [group] });
        Assert.Equal(level, decision.Level.ToString());
    }

    [Fact]
    public void StagesAddUpAndARuleSaysForItselfWhetherOwnersOfFieldsAreLogged()
    {
        var policy = Read(Typical);
        var anybody = new UserIdentity { Name = "somebody" };

        Assert.Equal(
            new AuditDecision(
                AuditLevel.Request, AuditStages.RequestReceived | AuditStages.ResponseStarted,
                OmitsManagedFields: true),
            policy.Decide(Request("get", "/api/v1/nodes/n"), anybody));
        Assert.Equal(
            new AuditDecision(AuditLevel.Metadata, AuditStages.RequestReceived, OmitsManagedFields: false),
            policy.Decide(Request("get", "/api/v1/namespaces/a/secrets/s"), anybody));
    }

    [Fact]
    public void ARuleAboutUsersDoesNotFitNobody() => Assert.Equal(
        AuditLevel.None,
        Read("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata, users: [a]}]}")
            .Decide(Request("get", "/version"), null).Level);

    [Theory]
    [InlineData("[]", "loaded illegal policy with 0 rules")]
    [InlineData("[{}]", "rules[0].level: Required value")]
    [InlineData(
        "[{level: All}]",
        "rules[0].level: Unsupported value: \"All\": supported values: "
            + "\"None\", \"Metadata\", \"Request\", \"RequestResponse\"")]
    [InlineData(
        "[{level: None, nonResourceURLs: [a]}]",
        "rules[0].nonResourceURLs[0]: Invalid value: \"a\": non-resource URL rules must begin with a '/' character")]
    [InlineData(
        "[{level: None, nonResourceURLs: ['/a*b']}]",
        "rules[0].nonResourceURLs[0]: Invalid value: \"/a*b\": "
            + "non-resource URL wildcards '*' must be the final character of the rule")]
    [InlineData(
        "[{level: None, resources: [{resourceNames: [a]}]}]",
        "rules[0].resources.resourceNames: Invalid value: [\"a\"]: using resourceNames requires at least one resource")]
    [InlineData(
        "[{level: None, omitStages: [Never]}]",
        "rules[0].omitStages[0]: Invalid value: \"Never\": "
            + "allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic")]
    [InlineData(
        "[{level: None, users: a}]",
        "json: cannot unmarshal string into Go struct field rules[0].users of type array")]
    public void Complaints(string rules, string complaint) => Assert.Equal(
        complaint,
        Assert.Throws<ConfigurationException>(
            () => Read($"{{apiVersion: audit.k8s.io/v1, kind: Policy, rules: {rules}}}")).Message);

    [Theory]
    [InlineData("rules: [{level: Metadata}]", null)]
    [InlineData("rules: [{level: Metadata, user: [a]}]", "strict decoding error: unknown field \"rules[0].user\"")]
    [InlineData("metadata: {name: a}\nrules: [{level: Metadata, resources: [null]}]", null)]
    public void WhatNobodyUnderstandsIsPassedOver(string text, string? complaint)
    {
        var policy = Read($"apiVersion: audit.k8s.io/v1\nkind: Policy\n{text}");

        Assert.Equal(complaint, policy.PassedOver);
        Assert.Equal(AuditLevel.Metadata, policy.Decide(Request("get", "/api/v1/nodes/n"), null).Level);
    }

    [Fact]
    public void AFieldTwiceCountsAsTheLastSaysIt()
    {
        var policy = Read("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: None\n  level: Request\n");

        Assert.Contains("already set in map", policy.PassedOver, StringComparison.Ordinal);
        Assert.Equal(AuditLevel.Request, policy.Decide(Request("get", "/version"), null).Level);
    }

    [Theory]
    [InlineData("apiVersion: audit.k8s.io/v1beta1\nkind: Policy")]
    [InlineData("rules: [{level: None}]")]
    [InlineData("")]
    public void OtherKindsAreNone(string text) => Assert.Throws<ConfigurationException>(() => Read(text));

    private static AuditPolicy Read(string text) => AuditPolicyReader.Read(Encoding.UTF8.GetBytes(text));

    private static RequestInfo Request(string verb, string path)
    {
        var method = verb switch { "create" => "POST", "update" => "PUT", _ => "GET" };
        return RequestInfoReader.Read(method, path, verb == "watch").Required;
    }
}
