using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>Questions about what somebody may do, and their answers in upstream's words.</summary>
public sealed class ReviewTests(SecurityServer server) : IClassFixture<SecurityServer>
{
    private const string Group = "/apis/authorization.k8s.io/v1";
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string Field = "spec.resourceAttributes.fieldSelector";
    private const string Label = "spec.resourceAttributes.labelSelector";

    /// <summary>What a selector demands that cannot be read is told, and nothing else is refused for it.</summary>
    [Theory]
    [InlineData("""{"fieldSelector":{"rawSelector":"a=b"},"labelSelector":{"rawSelector":"a in (b)"}}""", null)]
    [InlineData("""{"fieldSelector":{"rawSelector":"a"}}""", $"{Field} ignored due to parse error")]
    [InlineData("""{"labelSelector":{"rawSelector":"a b"}}""", $"{Label} ignored due to parse error")]
    [InlineData(
        """{"fieldSelector":{"requirements":[{"key":"a","operator":"Exists"},{"key":"b","operator":"In","values":["c"]}]}}""",
        $"{Field} partially ignored due to parse error")]
    [InlineData(
        """
        {"fieldSelector":{"requirements":[{"key":"a","operator":"In","values":["b","c"]}]},
        "labelSelector":{"requirements":[{"key":"a","operator":"Near"}]}}
        """,
        $"{Field} ignored due to parse error; {Label} ignored due to parse error")]
    public async Task SelectorsThatCannotBeReadAreTold(string attributes, string? expected)
    {
        var answer = await AskAsync(attributes);

        Assert.Equal(201, answer.Status);
        Assert.Equal(expected, (string?)answer.Body!["status"]!["evaluationError"]);
    }

    [Theory]
    [InlineData("""{"fieldSelector":{"requirements":[{"operator":"In","values":["b"]}]}}""",
        $"{Field}.requirements[0].key: Required value: must be specified")]
    [InlineData("""{"fieldSelector":{"requirements":[{"key":"a","operator":"NotIn"}]}}""",
        $"{Field}.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'")]
    [InlineData("""{"labelSelector":{"requirements":[{"key":"a","operator":"Exists","values":["b"]}]}}""",
        $"{Label}.requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
    public async Task RequirementsAreChecked(string attributes, string expected)
    {
        var answer = await AskAsync(attributes);

        Assert.Equal((422, $".authorization.k8s.io \"\" is invalid: {expected}"), (answer.Status, answer.Message));
    }

    /// <summary>What goes without a look at roles is explained by the roles that every cluster has.</summary>
    [Theory]
    [InlineData("/healthz", "system:unauthenticated", "system:public-info-viewer")]
    [InlineData("/api", "system:authenticated", "system:discovery")]
    [InlineData("/api", "system:unauthenticated", null)]
    [InlineData("/healthz", "devs", null)]
    public async Task APathIsAllowedByARole(string path, string group, string? role)
    {
        var answer = await server.SendAsync("POST", $"{Group}/subjectaccessreviews", $$$"""
            {"spec":{"user":"jane","groups":["{{{group}}}"],"nonResourceAttributes":{"path":"{{{path}}}","verb":"get"} } }
            """);

        var status = answer.Body!["status"]!;
        Assert.Equal(role is not null, (bool)status["allowed"]!);
        Assert.Equal(
            role is null
                ? null
                : $"RBAC: allowed by ClusterRoleBinding \"{role}\" of ClusterRole \"{role}\" to Group \"{group}\"",
            (string?)status["reason"]);
    }

    /// <summary>The answer has nothing of the question, and each rule once.</summary>
    [Fact]
    public async Task RulesAreListedWithoutTheQuestion()
    {
        await CreateAsync($"{Rbac}/clusterroles", """
            {"metadata":{"name":"everything"},"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}
            """);
        await CreateAsync($"{Rbac}/clusterrolebindings", """
            {"metadata":{"name":"everything"},"subjects":[{"kind":"Group","name":"system:masters"}],
            "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"everything"}}
            """);

        var answer = await ListAsync("admin", "system:masters", static s => s["resourceRules"]!.AsArray().Count > 0);

        Assert.Equal(("{}", "{}"), (answer["metadata"]!.ToJsonString(), answer["spec"]!.ToJsonString()));
        Assert.False((bool)answer["status"]!["incomplete"]!);
        var expected = JsonNode.Parse("""[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]""");
        Assert.True(JsonNode.DeepEquals(expected, answer["status"]!["resourceRules"]), answer.ToJsonString());
    }

    /// <summary>A role that is missing is told; the list is complete all the same.</summary>
    [Fact]
    public async Task AMissingRoleIsTold()
    {
        await CreateAsync($"{Rbac}/namespaces/default/rolebindings", """
            {"metadata":{"name":"to-nothing"},"subjects":[{"kind":"User","name":"lost"}],
            "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"gone"}}
            """);

        var answer = await ListAsync("lost", "devs", static s => s["evaluationError"] is not null);

        Assert.Equal(
            "role.rbac.authorization.k8s.io \"gone\" not found", (string?)answer["status"]!["evaluationError"]);
        Assert.False((bool)answer["status"]!["incomplete"]!);
    }

    private async Task CreateAsync(string path, string body)
    {
        var answer = await server.SendAsync("POST", path, body);
        Assert.True(answer.Status == 201, answer.Message);
    }

    /// <summary>What somebody may do, as soon as roles and bindings have come to the caches.</summary>
    private async Task<JsonNode> ListAsync(string user, string group, Func<JsonNode, bool> isSeen)
    {
        SecurityAnswer answer;
        var tries = 0;
        do
        {
            answer = await server.SendAsync(
                "POST", $"{Group}/selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""",
                headers: [("Impersonate-User", user), ("Impersonate-Group", group)]);
        }
        while (!isSeen(answer.Body!["status"]!) && ++tries < 500);
        return answer.Body!;
    }

    private Task<SecurityAnswer> AskAsync(string attributes) => server.SendAsync(
        "POST", $"{Group}/subjectaccessreviews", $$$"""{"spec":{"user":"jane","resourceAttributes":{{{attributes}}}}}""");
}
