using System.Text;
using CsCheck;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Rbac;

/// <summary>Random roles and bindings, against looking at every binding and every rule.</summary>
public sealed class RoleAuthorizerTests
{
    private static readonly string[] Spaces = ["a", "b"];
    private static readonly string[] Users = ["jane", "system:serviceaccount:a:bot", "joe"];
    private static readonly string[] Groups = ["devs", "system:authenticated"];
    private static readonly string[] Verbs = ["get", "list", "*"];
    private static readonly string[] Resources = ["pods", "secrets", "pods/log", "*", "*/log"];

    private static readonly Gen<Role> Roles = Gen.Select(
        Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 1], One(Verbs), One(Resources),
        (name, isLocal, space, verb, resource) => new Role($"r{name}", isLocal ? Spaces[space] : "", verb, resource));

    private static readonly Gen<Binding> Bindings = Gen.Select(
        Gen.Int[0, 1000], Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 2], Gen.Int[0, 4],
        (name, role, isLocalRole, space, subject) => new Binding(
            $"b{name}", space == 2 ? "" : Spaces[space], isLocalRole && space < 2, $"r{role}", subject));

    private static readonly Gen<AuthorizationAttributes> Wanted = Gen.Select(
        Gen.Int[0, 2], Gen.Int[0, 1], Gen.Int[0, 2], One("get", "list", "create"),
        One("pods", "secrets"), One("", "log"),
        (user, group, space, verb, resource, sub) => new AuthorizationAttributes
        {
            User = new UserIdentity { Name = Users[user], Groups = [Groups[group]] },
            Verb = verb, Resource = resource, Subresource = sub, Namespace = space == 2 ? "" : Spaces[space],
        });

    [Fact]
    public Task It_allows_what_some_bound_role_allows() => Gen.Select(
        Roles.List[0, 6], Bindings.List[0, 8], Wanted.List[1, 10]).CheckAsync(async drawn =>
        {
            var roles = drawn.Item1.DistinctBy(static r => (r.Space, r.Name)).ToList();
            var bindings = drawn.Item2.DistinctBy(static b => (b.Space, b.Name)).ToList();
            var authorizer = new RoleAuthorizer(Book(roles, bindings));
            foreach (var wanted in drawn.Item3)
            {
                var decision = await authorizer.AuthorizeAsync(wanted, CancellationToken.None);
                Assert.Equal(IsAllowed(roles, bindings, wanted), decision.IsAllowed);
            }
        });

    /// <summary>A role that changes counts at once, also for those who asked before.</summary>
    [Fact]
    public async Task A_changed_role_counts_at_once()
    {
        var (verb, revision) = ("get", 1);
        var binding = new Binding("b", "", false, "r", 0);
        var authorizer = new RoleAuthorizer(new RoleBook((resource, _) => new(Snapshot(
            resource == WellKnown.ClusterRoles ? [new Role("r", "", verb, "pods").Object(revision)]
            : resource == WellKnown.ClusterRoleBindings ? [binding.Object()]
            : [], revision))));
        var wanted = new AuthorizationAttributes
        {
            User = new UserIdentity { Name = "jane" }, Verb = "get", Resource = "pods",
        };
        Assert.True((await authorizer.AuthorizeAsync(wanted, CancellationToken.None)).IsAllowed);

        (verb, revision) = ("list", 2);

        Assert.False((await authorizer.AuthorizeAsync(wanted, CancellationToken.None)).IsAllowed);
    }

    /// <summary>Who is refused is told which roles are missing; who is allowed, by what.</summary>
    [Fact]
    public async Task Reasons_name_bindings_and_missing_roles()
    {
        var book = Book(
            [new Role("r0", "a", "get", "pods")],
            [new Binding("b", "a", true, "r0", 0), new Binding("c", "", false, "gone", 0)]);
        var authorizer = new RoleAuthorizer(book);
        var wanted = new AuthorizationAttributes
        {
            User = new UserIdentity { Name = "jane" }, Verb = "get", Resource = "pods", Namespace = "a",
        };

        var allowed = await authorizer.AuthorizeAsync(wanted, CancellationToken.None);
        var refused = await authorizer.AuthorizeAsync(wanted with { Verb = "delete" }, CancellationToken.None);

        Assert.Equal("RBAC: allowed by RoleBinding \"b/a\" of Role \"r0\" to User \"jane\"", allowed.Reason);
        Assert.Equal("RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found", refused.Reason);
    }

    private static Gen<string> One(params string[] of) => Gen.Int[0, of.Length - 1].Select(i => of[i]);

    private static RoleBook Book(List<Role> roles, List<Binding> bindings)
    {
        var (local, named) = (roles.ToLookup(static r => r.Space.Length > 0, static r => r.Object()),
            bindings.ToLookup(static b => b.Space.Length > 0, static b => b.Object()));
        var all = new Dictionary<ResourceName, CacheSnapshot>
        {
            [WellKnown.ClusterRoles] = Snapshot([.. local[false]]),
            [WellKnown.Roles] = Snapshot([.. local[true]]),
            [WellKnown.ClusterRoleBindings] = Snapshot([.. named[false]]),
            [WellKnown.RoleBindings] = Snapshot([.. named[true]]),
        };
        return new RoleBook((resource, _) => new(all[resource]));
    }

    private static CacheSnapshot Snapshot(ResourceObject[] objects, long revision = 1) => CacheSnapshotBuilder.Load(
        new ObjectSnapshot(revision, [.. objects.OrderBy(static o => o.Key)]), []);

    private static bool IsAllowed(List<Role> roles, List<Binding> bindings, AuthorizationAttributes wanted)
    {
        var asked = wanted.Subresource.Length == 0 ? wanted.Resource : $"{wanted.Resource}/{wanted.Subresource}";
        return bindings.Exists(b => (b.Space.Length == 0 || b.Space == wanted.Namespace) && Names(b, wanted.User)
            && roles.Exists(r => r.Name == b.Role && r.Space == (b.IsLocalRole ? b.Space : "")
                && (r.Verb == "*" || r.Verb == wanted.Verb)
                && (r.Resource == "*" || r.Resource == asked
                    || (r.Resource == "*/log" && wanted.Subresource == "log"))));
    }

    private static bool Names(Binding binding, UserIdentity user) => binding.Subject < Users.Length
        ? user.Name == Users[binding.Subject]
        : user.Groups.Contains(Groups[binding.Subject - Users.Length]);

    private static ResourceObject Committed(string space, string name, string rest, long revision)
    {
        var json = $$$"""
            {"metadata":{"name":"{{{name}}}","namespace":"{{{space}}}","uid":"u","resourceVersion":"{{{revision}}}"},
            {{{rest}}}}
            """;
        return new ResourceObject(new ObjectKey(space, name), "u", revision, Encoding.UTF8.GetBytes(json));
    }

    private sealed record Role(string Name, string Space, string Verb, string Resource)
    {
        public ResourceObject Object(long revision = 1) => Committed(
            Space, Name, $$"""
            "rules":[{"apiGroups":[""],"verbs":["{{Verb}}"],"resources":["{{Resource}}"]}]
            """, revision);
    }

    private sealed record Binding(string Name, string Space, bool IsLocalRole, string Role, int Subject)
    {
        public ResourceObject Object()
        {
            var subject = Subject switch
            {
                1 => """{"kind":"ServiceAccount","namespace":"a","name":"bot"}""",
                < 3 => $$"""{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{Users[Subject]}}"}""",
                _ => $$"""
                    {"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"{{Groups[Subject - Users.Length]}}"}
                    """,
            };
            var kind = IsLocalRole ? "Role" : "ClusterRole";
            return Committed(Space, Name, $$"""
                "subjects":[{{subject}}],
                "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{kind}}","name":"{{Role}}"}
                """, 1);
        }
    }
}
