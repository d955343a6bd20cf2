using k8s.Models;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Rbac;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Rbac;

/// <summary>What a rule allows, and which rule covers which.</summary>
public sealed class RuleMatchTests
{
    private static readonly UserIdentity Jane = new() { Name = "jane", Groups = ["devs"] };

    /// <summary>Verbs, groups, resources and names of a rule; verb, group, resource and name that are wanted.</summary>
    [Theory]
    [InlineData("get  pods ", "get  pods a", true)]
    [InlineData("get  pods ", "list  pods ", false)]
    [InlineData("get apps pods ", "get  pods a", false)]
    [InlineData("*  pods ", "escalate  pods a", true)]
    [InlineData("get * pods ", "get apps pods a", true)]
    [InlineData("get  * ", "get  pods/log a", true)]
    [InlineData("get  pods ", "get  pods/log a", false)]
    [InlineData("get  pods/log ", "get  pods a", false)]
    [InlineData("get  */log ", "get  pods/log a", true)]
    [InlineData("get  */log ", "get  pods/exec a", false)]
    [InlineData("get  pods a,b", "get  pods b", true)]
    [InlineData("get  pods a,b", "get  pods c", false)]
    [InlineData("list  pods a", "list  pods ", false)]
    public void A_rule_allows_what_it_names(string rule, string wanted, bool isAllowed)
    {
        var parts = wanted.Split(' ');
        var resource = parts[2].Split('/');
        var attributes = new AuthorizationAttributes
        {
            User = Jane, Verb = parts[0], Group = parts[1], Resource = resource[0],
            Subresource = resource.Length > 1 ? resource[1] : "", Name = parts[3],
        };
        Assert.Equal(isAllowed, RuleMatch.Allows(Rule(rule), attributes));
        Assert.Equal(isAllowed, new CoveringRule(Rule(rule)).Covers(Rule(wanted)));
        Assert.False(RuleMatch.Allows(Rule(rule), attributes with { IsResourceRequest = false, Path = "/healthz" }));
    }

    [Theory]
    [InlineData("/healthz", "/healthz", true)]
    [InlineData("/healthz", "/healthz/etcd", false)]
    [InlineData("/healthz/*", "/healthz/etcd", true)]
    [InlineData("/healthz/*", "/healthz", false)]
    [InlineData("*", "/anything", true)]
    public void A_path_ends_with_a_star_or_is_the_one(string path, string wanted, bool isAllowed)
    {
        var rule = new V1PolicyRule { Verbs = ["get"], NonResourceURLs = [path] };
        var attributes = new AuthorizationAttributes
        {
            User = Jane, Verb = "get", IsResourceRequest = false, Path = wanted,
        };
        Assert.Equal(isAllowed, RuleMatch.Allows(rule, attributes));
        Assert.False(RuleMatch.Allows(rule, attributes with { Verb = "post" }));
        Assert.Equal(
            isAllowed, new CoveringRule(rule).Covers(new V1PolicyRule { Verbs = ["get"], NonResourceURLs = [wanted] }));
    }

    [Fact]
    public void What_is_missing_is_told_once_and_in_order()
    {
        GrantedRules[] own = [new("", [Rule("get,list  pods "), Rule("get  secrets s")])];
        V1PolicyRule[] wanted =
        [
            Rule("get,watch  pods "), Rule("update,delete apps,extensions deployments "), Rule("get,delete  secrets s,t"),
            new() { Verbs = ["get"], NonResourceURLs = ["/metrics"] },
        ];
        Assert.Equal(
            """
            user "jane" (groups=["devs"]) is attempting to grant RBAC permissions not currently held:
            {APIGroups:[""], Resources:["pods"], Verbs:["watch"]}
            {APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["delete"]}
            {APIGroups:[""], Resources:["secrets"], ResourceNames:["t"], Verbs:["get" "delete"]}
            {APIGroups:["apps"], Resources:["deployments"], Verbs:["update" "delete"]}
            {APIGroups:["extensions"], Resources:["deployments"], Verbs:["update" "delete"]}
            {NonResourceURLs:["/metrics"], Verbs:["get"]}
            """,
            Escalation.Complaint(Jane, own, wanted));
        Assert.Null(Escalation.Complaint(Jane, own, [Rule("get  pods a"), Rule("get  secrets s")]));
    }

    [Fact]
    public void A_short_rule_that_stands_for_very_many_is_not_taken_apart()
    {
        var many = Enumerable.Range(0, 2_000).Select(static i => $"r{i}").ToArray();
        V1PolicyRule[] wanted =
            [new() { Verbs = ["get", "list"], ApiGroups = ["", "apps"], Resources = many, ResourceNames = many }];
        var complaint = Escalation.Complaint(Jane, [new("", [Rule("get  pods ")])], wanted);
        Assert.Equal(
            "user \"jane\" (groups=[\"devs\"]) is attempting to grant more than 20000 RBAC permissions at once that no "
                + "single rule of theirs has",
            complaint);
        Assert.Null(Escalation.Complaint(Jane, [new("", [Rule("* * * ")])], wanted));
    }

    private static V1PolicyRule Rule(string text)
    {
        var parts = text.Split(' ');
        return new V1PolicyRule
        {
            Verbs = parts[0].Split(','), ApiGroups = parts[1].Split(','), Resources = parts[2].Split(','),
            ResourceNames = parts[3].Length == 0 ? null : parts[3].Split(','),
        };
    }
}
