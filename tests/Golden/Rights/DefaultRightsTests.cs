using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Rights;

/// <summary>
/// Whom the default roles allow what: each subject, each verb and each resource against a table of what upstream's
/// documented policy allows; what the table does not name is refused.
/// </summary>
public sealed class DefaultRightsTests
{
    private const string Home = "a";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly string[] Holders = ["view", "edit", "admin"];
    private static readonly string[] Groups = ["anonymous", "authenticated", "serviceaccounts", "masters"];

    private readonly ExpectedRights _expected = new();

    [Fact]
    public async Task EverybodyMayWhatUpstreamsPolicySaysAndNothingElse()
    {
        await using var host = await GoldenHost.StartAsync();
        await MakeRolesAsync(host);
        var chain = host.Services.GetRequiredService<AuthorizerChain>();
        var wrong = new List<string>();
        foreach (var subject in _expected.Subjects)
        {
            foreach (var asked in AllRights())
            {
                var decision = await chain.AuthorizeAsync(
                    Attributes(subject, asked, Home), TestContext.Current.CancellationToken);
                if (decision.IsAllowed != IsExpected(subject, asked))
                {
                    var why = decision.IsAllowed ? decision.Reason : "refused";
                    wrong.Add($"{subject} {asked.Verb} {asked.Target}: {why}");
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count}:\n{string.Join('\n', wrong.Take(100))}");
    }

    [Fact]
    public async Task WhoHoldsARoleInANamespaceHoldsNothingInAnother()
    {
        await using var host = await GoldenHost.StartAsync();
        await MakeRolesAsync(host);
        var chain = host.Services.GetRequiredService<AuthorizerChain>();
        foreach (var holder in Holders)
        {
            foreach (var asked in AllRights().Where(static r => r.Target[0] != '/'))
            {
                var decision = await chain.AuthorizeAsync(
                    Attributes(holder, asked, "b"), TestContext.Current.CancellationToken);
                Assert.Equal(_expected.Allows("authenticated", asked), decision.IsAllowed);
            }
        }
    }

    private bool IsExpected(string subject, Right asked) => subject switch
    {
        "anonymous" => _expected.Allows(subject, asked),
        "masters" => true,
        _ => _expected.Allows(subject, asked) || _expected.Allows("authenticated", asked)
            || (IsAccount(subject) && _expected.Allows("serviceaccounts", asked)),
    };

    private IEnumerable<Right> AllRights()
    {
        var targets = _expected.Targets.Concat(BuiltInResources.Table.Kinds.Select(static k => k.Name.Qualified))
            .Distinct();
        return targets.SelectMany(static t => ExpectedRights.Verbs.Select(v => new Right(v, t)))
            .Concat(_expected.Special).Distinct();
    }

    private static AuthorizationAttributes Attributes(string subject, Right asked, string space)
    {
        var user = User(subject);
        if (asked.Target[0] == '/')
        {
            return new AuthorizationAttributes
            {
                User = user, Verb = asked.Verb, IsResourceRequest = false, Path = asked.Target,
            };
        }

        var (whole, name) = asked.Target.Split('=', 2) is [var w, var n] ? (w, n) : (asked.Target, "");
        var (full, part) = whole.Split('/', 2) is [var f, var p] ? (f, p) : (whole, "");
        var (plural, group) = full.Split('.', 2) is [var r, var g] ? (r, g) : (full, "");
        return new AuthorizationAttributes
        {
            User = user, Verb = asked.Verb, Group = group, Version = "v1", Resource = plural, Subresource = part,
            Namespace = space, Name = name,
        };
    }

    private static UserIdentity User(string subject) => subject switch
    {
        "anonymous" => new() { Name = "system:anonymous", Groups = ["system:unauthenticated"] },
        "masters" => new() { Name = "root", Groups = ["system:masters", "system:authenticated"] },
        _ when IsAccount(subject) => new()
        {
            Name = $"system:serviceaccount:kube-system:{subject}",
            Groups = ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        },
        _ => new() { Name = subject, Groups = ["system:authenticated"] },
    };

    private static bool IsAccount(string subject) =>
        subject == "serviceaccounts"
        || !(Holders.Contains(subject) || Groups.Contains(subject)
            || subject.StartsWith("system:", StringComparison.Ordinal));

    /// <summary>All that a cluster begins with, and who holds roles in a namespace.</summary>
    private static async Task MakeRolesAsync(GoldenHost host)
    {
        var client = host.Services.GetRequiredService<IResourceClient>().As(User("masters"));
        for (var changes = 1; changes > 0;)
        {
            changes = 0;
            foreach (var role in BootstrapPolicy.ClusterRoles)
            {
                if (ClusterRolePlanner.Compute(role, [.. BootstrapPolicy.ClusterRoles]) is { } rules)
                {
                    (role.Rules, changes) = (rules, changes + 1);
                }
            }
        }

        await EnsureAsync(client, BootstrapPolicy.ClusterRoles);
        await EnsureAsync(client, BootstrapPolicy.ClusterRoleBindings);
        _ = (await client.CreateAsync(
            new V1Namespace { Metadata = new V1ObjectMeta { Name = Home } }, CancellationToken.None)).Required;
        await EnsureAsync(client, Holders.Select(static h => new V1RoleBinding
        {
            Metadata = new V1ObjectMeta { Name = h, NamespaceProperty = Home },
            RoleRef = new V1RoleRef { ApiGroup = "rbac.authorization.k8s.io", Kind = "ClusterRole", Name = h },
            Subjects = [new Rbacv1Subject { ApiGroup = "rbac.authorization.k8s.io", Kind = "User", Name = h }],
        }));
        var chain = host.Services.GetRequiredService<AuthorizerChain>();
        await Patiently.UntilAsync(Patience, async bound => (await chain.AuthorizeAsync(
            Attributes("admin", new Right("list", "pods"), Home), bound)).IsAllowed);
    }

    private static async Task EnsureAsync<T>(IResourceClient client, IEnumerable<T> objects)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        foreach (var item in objects)
        {
            _ = (await client.CreateAsync(item, CancellationToken.None)).Required;
        }
    }
}
