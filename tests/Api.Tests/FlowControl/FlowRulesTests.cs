using k8s.Models;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;
using static OrleansOrchestrator.Api.Tests.FlowControl.FlowTexts;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class FlowRulesTests
{
    public static TheoryData<string, string, bool> Subjects => new()
    {
        { "u:jane", "jane", true },
        { "u:*", "jane", true },
        { "u:jan", "jane", false },
        { "g:system:nodes", "system:node:a", true },
        { "g:*", "jane", true },
        { "g:system:node", "system:node:a", false },
        { "a:shop/web", "system:serviceaccount:shop:web", true },
        { "a:shop/*", "system:serviceaccount:shop:web", true },
        { "a:sho/*", "system:serviceaccount:shop:web", false },
        { "a:shop/we", "system:serviceaccount:shop:web", false },
        { "a:shop/*", "shop", false },
        { "a:shop/*", "system:serviceaccount:shop", false },
    };

    [Theory]
    [MemberData(nameof(Subjects))]
    public void SubjectsAreUpstreams(string subject, string user, bool expected)
    {
        var named = subject[0] switch
        {
            'u' => OfUser(subject[2..]),
            'g' => OfGroup(subject[2..]),
            _ => OfAccount(subject[2..].Split('/')[0], subject.Split('/')[1]),
        };
        var rules = new FlowRules(Schema("x", "y", 1, Everything(named)));
        var group = user.Contains(":node:", StringComparison.Ordinal) ? "system:nodes" : "x";
        Assert.Equal(expected, rules.Match(Request("GET /api/v1/pods"), User(user, group)));
    }

    [Theory]
    [InlineData("get", "", "pods", "x", false, "GET /api/v1/namespaces/x/pods/y", true)]
    [InlineData("get", "", "pods", "x", false, "GET /api/v1/namespaces/z/pods/y", false)]
    [InlineData("get", "", "pods", "*", false, "GET /api/v1/namespaces/z/pods/y", true)]
    [InlineData("list", "", "pods", "*", false, "GET /api/v1/pods", false)]
    [InlineData("list", "", "pods", "*", true, "GET /api/v1/pods", true)]
    [InlineData("list", "", "nodes", "", true, "GET /api/v1/nodes", true)]
    [InlineData("list", "", "nodes", "", false, "GET /api/v1/nodes", false)]
    [InlineData("get", "", "pods", "*", false, "GET /api/v1/namespaces/x/pods/y/status", false)]
    [InlineData("get", "", "pods/status", "*", false, "GET /api/v1/namespaces/x/pods/y/status", true)]
    [InlineData("get", "", "pods/statu", "*", false, "GET /api/v1/namespaces/x/pods/y/status", false)]
    [InlineData("get", "", "*", "*", false, "GET /api/v1/namespaces/x/pods/y/status", true)]
    [InlineData("*", "apps", "*", "*", false, "PUT /api/v1/namespaces/x/pods/y", false)]
    [InlineData("*", "*", "*", "*", false, "PUT /apis/apps/v1/namespaces/x/deployments/y", true)]
    [InlineData("watch", "*", "*", "*", true, "WATCH /api/v1/pods", true)]
    [InlineData("list", "*", "*", "*", true, "WATCH /api/v1/pods", false)]
    [InlineData("*", "*", "*", "*", true, "GET /healthz", false)]
    public void ResourcesAreUpstreams(
        string verb, string group, string resource, string space, bool clusterScope, string request, bool expected)
    {
        var rule = Everything(OfUser("*"));
        rule.NonResourceRules = null;
        rule.ResourceRules =
        [
            new V1ResourcePolicyRule
            {
                Verbs = [verb], ApiGroups = [group], Resources = [resource],
                Namespaces = space.Length > 0 ? [space] : null, ClusterScope = clusterScope,
            },
        ];
        Assert.Equal(expected, new FlowRules(Schema("x", "y", 1, rule)).Match(Request(request), Jane));
    }

    [Theory]
    [InlineData("get", "/healthz", "GET /healthz", true)]
    [InlineData("get", "/healthz", "GET /healthz/ping", true)]
    [InlineData("get", "/healthz", "GET /healthzz", false)]
    [InlineData("get", "/healthz/*", "GET /healthz/ping", true)]
    [InlineData("get", "/healthz/*", "GET /healthz", false)]
    [InlineData("*", "*", "POST /anything", true)]
    [InlineData("post", "*", "GET /anything", false)]
    [InlineData("*", "*", "GET /api/v1/pods", false)]
    public void PathsAreUpstreams(string verb, string path, string request, bool expected)
    {
        var rule = Everything(OfUser("*"));
        rule.ResourceRules = null;
        rule.NonResourceRules = [new V1NonResourcePolicyRule { Verbs = [verb], NonResourceURLs = [path] }];
        Assert.Equal(expected, new FlowRules(Schema("x", "y", 1, rule)).Match(Request(request), Jane));
    }

    [Fact]
    public void NobodyIsNamedByNothing() => Assert.False(
        new FlowRules(new V1FlowSchema { Metadata = new V1ObjectMeta { Name = "x" } }).Match(
            Request("GET /healthz"), new UserIdentity { Name = "" }));
}
