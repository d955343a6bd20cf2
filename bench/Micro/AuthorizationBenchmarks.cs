using System.Text;
using BenchmarkDotNet.Attributes;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Micro;

/// <summary>
/// A decision by roles in a cluster of 10,000 bindings: a tenth of them of the whole cluster, the rest in 100
/// namespaces, for 1,000 users, to 50 cluster roles of 20 rules each.
/// </summary>
[MemoryDiagnoser]
public class AuthorizationBenchmarks
{
    private const int Bindings = 10_000;
    private const int Roles = 50;

    private RoleAuthorizer _authorizer = null!;
    private AuthorizationAttributes _allowed = null!;
    private AuthorizationAttributes _refused = null!;

    /// <summary>Bindings of each user.</summary>
    [Params(10, 50)]
    public int Own { get; set; }

    private int Users => Bindings / Own;

    [GlobalSetup]
    public void Setup()
    {
        var all = Enumerable.Range(0, Bindings).Select(Binding).ToLookup(static b => b.Key.Namespace.Length == 0);
        var snapshots = new Dictionary<ResourceName, CacheSnapshot>
        {
            [WellKnown.ClusterRoles] = Load(Enumerable.Range(0, Roles).Select(Role)),
            [WellKnown.Roles] = Load([]),
            [WellKnown.ClusterRoleBindings] = Load(all[true]),
            [WellKnown.RoleBindings] = Load(all[false]),
        };
        _authorizer = new RoleAuthorizer(new RoleBook((resource, _) => new(snapshots[resource])));

        // One binding of the cluster, and the others in the namespace, of which the ninth allows it.
        _allowed = new AuthorizationAttributes
        {
            User = new UserIdentity { Name = "user-7", Groups = ["system:authenticated"] },
            Verb = "get", Group = "g19.example.com", Version = "v1", Resource = "things", Namespace = "ns-7",
            Name = "x",
        };
        _refused = _allowed with { Verb = "delete" };
    }

    [Benchmark]
    public ValueTask<AuthorizationDecision> Allowed() => _authorizer.AuthorizeAsync(_allowed, CancellationToken.None);

    /// <summary>All rules of all roles of the user are looked at.</summary>
    [Benchmark]
    public ValueTask<AuthorizationDecision> Refused() => _authorizer.AuthorizeAsync(_refused, CancellationToken.None);

    private static CacheSnapshot Load(IEnumerable<ResourceObject> objects) =>
        CacheSnapshotBuilder.Load(new ObjectSnapshot(1, [.. objects.OrderBy(static o => o.Key)]), []);

    private ResourceObject Binding(int number)
    {
        var user = number % Users;
        var space = number < Users ? "" : $"ns-{user % 100}";
        return Committed(space, $"b{number:D5}", $$"""
            "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"user-{{user}}"}],
            "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"r{{number / Users % Roles}}"}
            """);
    }

    private static ResourceObject Role(int number)
    {
        var rules = Enumerable.Range(0, 20).Select(i => $$"""
            {"apiGroups":["g{{(number == 9 ? i : i + 100)}}.example.com"],"resources":["things","others"],
            "verbs":["get","list","watch"]}
            """);
        return Committed("", $"r{number}", $"\"rules\":[{string.Join(',', rules)}]");
    }

    private static ResourceObject Committed(string space, string name, string rest)
    {
        var json = $$$"""
            {"metadata":{"name":"{{{name}}}","namespace":"{{{space}}}","uid":"u","resourceVersion":"1"},{{{rest}}}}
            """;
        return new ResourceObject(new ObjectKey(space, name), "u", 1, Encoding.UTF8.GetBytes(json));
    }
}
