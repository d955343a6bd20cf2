using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Nobody gives away by a role or a binding what they do not have, unless they may escalate or bind.</summary>
public sealed class EscalationTests
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string Roles = $"{Rbac}/namespaces/default/roles";
    private const string Bindings = $"{Rbac}/namespaces/default/rolebindings";
    private const string Read = """{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}""";
    private const string Delete = """{"apiGroups":[""],"resources":["secrets"],"verbs":["delete"]}""";
    private const string Write =
        """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings","clusterroles"],"verbs":["create","update"]}""";

    [Fact]
    public async Task ARoleMayAllowWhatItsWriterHas()
    {
        await using var server = await Server.StartAsync();
        await GiveAsync(server, "jane", Read, Write);

        var given = await ByAsync(server, "jane", Roles, Role("readers", Read));
        var refused = await ByAsync(server, "jane", Roles, Role("cleaners", Delete));

        Assert.True(given.Status == 201, given.Body.ToJsonString());
        Assert.Equal(
            (403,
                "roles.rbac.authorization.k8s.io \"cleaners\" is forbidden: user \"jane\" "
                + "(groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
                + "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"delete\"]}"),
            (refused.Status, (string)refused.Body["message"]!));
    }

    [Fact]
    public async Task WhoMayEscalateMayAllowMore()
    {
        await using var server = await Server.StartAsync();
        await GiveAsync(
            server, "jane", Read, Write,
            """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["escalate"]}""");

        var given = await ByAsync(server, "jane", Roles, Role("cleaners", Delete));

        Assert.True(given.Status == 201, given.Body.ToJsonString());
    }

    [Fact]
    public async Task ABindingNeedsWhatItsRoleAllowsOrTheRightToBindIt()
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", Roles, Role("cleaners", Delete));
        await server.SendAsync("POST", Roles, Role("sweepers", Delete));
        await GiveAsync(
            server, "jane", Read, Write,
            """
            {"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"resourceNames":["sweepers"],"verbs":["bind"]}
            """);

        var refused = await ByAsync(server, "jane", Bindings, Binding("b", "Role", "cleaners", "jane"));
        var given = await ByAsync(server, "jane", Bindings, Binding("c", "Role", "sweepers", "jane"));

        Assert.Equal(403, refused.Status);
        Assert.Contains(
            "is attempting to grant RBAC permissions not currently held", (string)refused.Body["message"]!,
            StringComparison.Ordinal);
        Assert.True(given.Status == 201, given.Body.ToJsonString());
    }

    [Fact]
    public async Task ARoleThatGathersOthersIsForAdministrators()
    {
        await using var server = await Server.StartAsync();
        await GiveAsync(server, "jane", Read, Write);

        var refused = await ByAsync(
            server, "jane", $"{Rbac}/clusterroles",
            """{"metadata":{"name":"all"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]},"rules":[]}""");

        Assert.Equal(
            (403,
                "clusterroles.rbac.authorization.k8s.io \"all\" is forbidden: "
                + "must have cluster-admin privileges to use the aggregationRule"),
            (refused.Status, (string)refused.Body["message"]!));
    }

    [Fact]
    public async Task ARoleThatIsMissingCannotBeBound()
    {
        await using var server = await Server.StartAsync();
        await GiveAsync(server, "jane", Read, Write);

        var refused = await ByAsync(server, "jane", Bindings, Binding("b", "ClusterRole", "gone", "jane"));

        Assert.Equal(
            (404, "clusterroles.rbac.authorization.k8s.io \"gone\" not found"),
            (refused.Status, (string)refused.Body["message"]!));
    }

    /// <summary>Whatever is changed, but for what garbage collection changes.</summary>
    [Theory]
    [InlineData("roles/cleaners", """{"metadata":{"labels":{"a":"b"}}}""", 403)]
    [InlineData("roles/cleaners", """{"metadata":{"finalizers":["example.com/f"]}}""", 200)]
    [InlineData("rolebindings/cleaners", """{"metadata":{"labels":{"a":"b"}}}""", 403)]
    [InlineData("rolebindings/cleaners", """{"metadata":{"finalizers":["example.com/f"]}}""", 200)]
    public async Task WhoChangesItMustHaveWhatItAllows(string what, string patch, int status)
    {
        await using var server = await Server.StartAsync();
        await server.SendAsync("POST", Roles, Role("cleaners", Delete));
        await server.SendAsync("POST", Bindings, Binding("cleaners", "Role", "cleaners", "joe"));
        await GiveAsync(server, "jane", Read, Write.Replace("update", "patch", StringComparison.Ordinal));

        var answer = await server.SendAsync(
            "PATCH", $"{Rbac}/namespaces/default/{what}", patch, "application/merge-patch+json", "jane");

        Assert.True(answer.Status == status, answer.Body.ToJsonString());
    }

    private static Task<Answer> ByAsync(Server server, string user, string path, string body) =>
        server.SendAsync("POST", path, body, impersonate: user);

    private static string Role(string name, params string[] rules) =>
        $$"""{"metadata":{"name":"{{name}}"},"rules":[{{string.Join(',', rules)}}]}""";

    private static string Binding(string name, string kind, string role, string user) =>
        $$"""
        {"metadata":{"name":"{{name}}"},
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{kind}}","name":"{{role}}"},
         "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"{{user}}"}]}
        """;

    private static Task GiveAsync(Server server, string user, params string[] rules) =>
        server.GiveAsync(user, rules, "/api/v1/pods", status: 200);
}
