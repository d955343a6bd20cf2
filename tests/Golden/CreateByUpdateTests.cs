using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Who may update or patch what is there creates nothing by it, unless they may do that, too.</summary>
public sealed class CreateByUpdateTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    private const string Roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
    private const string ApplyType = "application/apply-patch+yaml";
    private const string Change =
        """{"apiGroups":["","coordination.k8s.io"],"resources":["configmaps","leases"],"verbs":["get","update","patch"]}""";

    [Theory]
    [InlineData(
        "PATCH", $"{Maps}/new?fieldManager=m", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new"}}""",
        "configmaps \"new\" is forbidden: ")]
    [InlineData("PATCH", $"{Maps}/new?fieldManager=m&dryRun=All&force=true",
        """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new"}}""",
        "configmaps \"new\" is forbidden: ")]
    [InlineData("PUT", $"{Leases}/new", """{"metadata":{"name":"new"},"spec":{}}""",
        "leases.coordination.k8s.io \"new\" is forbidden: ")]
    public async Task WhatIsNotThereNeedsTheRightToCreateIt(string method, string path, string body, string refusal)
    {
        await using var server = await Server.StartAsync();
        await server.GiveAsync("jane", [Change], $"{Maps}/none", 404);
        await server.GiveAsync("joan", [Change, Change.Replace("\"get\"", "\"create\"", StringComparison.Ordinal)],
            $"{Maps}/none", 404);
        var type = method == "PATCH" ? ApplyType : "application/json";

        var refused = await server.SendAsync(method, path, body, type, impersonate: "jane");
        var missing = await server.SendAsync("GET", path.Split('?')[0]);
        var made = await server.SendAsync(method, path, body, type, impersonate: "joan");

        Assert.Equal((403, refusal), (refused.Status, (string?)refused.Body["message"]));
        Assert.Equal(404, missing.Status);
        Assert.True(made.Status == 201, made.Body.ToJsonString());
    }

    /// <summary>What is wrong with it is said first, as upstream does; what is there needs no more.</summary>
    [Fact]
    public async Task ItIsAskedAfterValidationAndOnlyOfWhatIsNew()
    {
        await using var server = await Server.StartAsync();
        await server.GiveAsync("jane", [Change], $"{Maps}/none", 404);
        await server.MakeAsync(Maps, """{"metadata":{"name":"old"}}""");

        var invalid = await server.SendAsync(
            "PATCH", $"{Maps}/new?fieldManager=m",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new"},"data":{"a/b":"c"}}""",
            ApplyType, impersonate: "jane");
        var changed = await server.SendAsync(
            "PATCH", $"{Maps}/old?fieldManager=m",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"old"},"data":{"a":"b"}}""",
            ApplyType, impersonate: "jane");

        Assert.Equal(422, invalid.Status);
        Assert.True(changed.Status == 200, changed.Body.ToJsonString());
    }

    /// <summary>The path names the role, so a right to escalate that one is enough.</summary>
    [Fact]
    public async Task TheRightToEscalateOneRoleIsAskedByItsName()
    {
        await using var server = await Server.StartAsync();
        await server.GiveAsync(
            "jane",
            [
                """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["get","create","patch"]}""",
                """
                {"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"resourceNames":["mine"],"verbs":["escalate"]}
                """,
            ],
            $"{Roles}/none", 404);

        var mine = await ApplyRoleAsync("mine");
        var other = await ApplyRoleAsync("other");

        Assert.True(mine.Status == 201, mine.Body.ToJsonString());
        Assert.Equal(403, other.Status);

        Task<Answer> ApplyRoleAsync(string name) => server.SendAsync(
            "PATCH", $"{Roles}/{name}?fieldManager=m",
            $$"""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"{{name}}"},
             "rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["delete"]}]}
            """,
            ApplyType, impersonate: "jane");
    }
}
