using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Rbac;

/// <summary>The index of a role's rules, against asking every rule.</summary>
public sealed class RuleIndexTests
{
    private static readonly string[] Groups = ["", "apps", "*"];
    private static readonly string[] Resources = ["pods", "pods/log", "deployments", "*", "*/log", "*/scale", "odd*"];

    private static readonly Gen<V1PolicyRule> Rules = Gen.Select(
        Some("get", "list", "*"), Some(Groups), Some(Resources), Some("a", "b"), Some("/healthz", "/logs/*", "*"),
        Gen.Int[0, 20],
        static (verbs, groups, resources, names, paths, shape) => new V1PolicyRule
        {
            // One in twenty has more pairs than are indexed, and one nothing but verbs.
            Verbs = verbs, ApiGroups = shape == 0 ? null : groups, ResourceNames = names,
            Resources = shape == 1 ? [.. resources, .. Enumerable.Range(0, 100).Select(static i => $"r{i}")] : resources,
            NonResourceURLs = shape is 2 ? null : paths,
        });

    private static readonly Gen<AuthorizationAttributes> Wanted = Gen.Select(
        One("get", "list", "delete"), One("", "apps", "batch"), One("pods", "deployments", "odd", "r99"),
        One("", "log", "scale"), One("", "a", "c"), One("", "/healthz", "/logs/x", "/other"),
        static (verb, group, resource, subresource, name, path) => new AuthorizationAttributes
        {
            User = new UserIdentity { Name = "jane" }, Verb = verb, Group = group, Resource = resource,
            Subresource = subresource, Name = name, Path = path, IsResourceRequest = path.Length == 0,
        });

    [Fact]
    public void It_says_what_all_rules_say() => Gen.Select(Rules.List[0, 8], Wanted.List[1, 20]).Check(static drawn =>
    {
        var (rules, wanted) = drawn;
        var index = new RuleIndex(rules);
        Assert.All(wanted, w => Assert.Equal(
            rules.Exists(r => RuleMatch.Allows(r, w)), index.Allows(w, RuleKey.Of(w))));
    });

    /// <summary>Where each pair took room, such a role would take all memory.</summary>
    [Fact]
    public void A_rule_of_many_groups_and_resources_is_no_danger()
    {
        var many = Enumerable.Range(0, 50_000).Select(static i => $"x{i}").ToList();
        var index = new RuleIndex([new V1PolicyRule { Verbs = ["get"], ApiGroups = many, Resources = many }]);
        var wanted = new AuthorizationAttributes
        {
            User = new UserIdentity { Name = "jane" }, Verb = "get", Group = "x49999", Resource = "x7",
        };

        Assert.True(index.Allows(wanted, RuleKey.Of(wanted)));
        wanted = wanted with { Resource = "y" };
        Assert.False(index.Allows(wanted, RuleKey.Of(wanted)));
    }

    private static Gen<string> One(params string[] of) => Gen.Int[0, of.Length - 1].Select(i => of[i]);

    private static Gen<List<string>> Some(params string[] of) => One(of).List[0, 3];
}
