using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>
/// Expressions of policies tell what their parameters hold: who writes or binds them must be allowed to read these.
/// </summary>
public sealed class ParamRightsTests
{
    private const string Group = "admissionregistration.k8s.io";
    private const string Root = $"/apis/{Group}/v1";
    private const string Writing =
        $$"""{"apiGroups":["{{Group}}"],"resources":["*"],"verbs":["get","create","patch"]}""";
    private const string Match =
        """
        "matchConstraints":{"resourceRules":[
          {"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]}
        """;

    private const string Mutations =
        """
        "reinvocationPolicy":"Never","mutations":[
          {"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{}"}}]
        """;

    [Theory]
    [InlineData("validating", "Validating", """ "validations":[{"expression":"true"}] """)]
    [InlineData("mutating", "Mutating", Mutations)]
    public async Task APolicyNeedsTheRightToReadAllOfItsKind(string sort, string kind, string rules)
    {
        await using var server = await Server.StartAsync();
        await server.GiveAsync("jane", [Writing], $"{Root}/{sort}admissionpolicies/none", 404);
        await server.GiveAsync("joan", [Writing, Right("get")], "/api/v1/namespaces/default/secrets/none", 404);
        var policies = $"{Root}/{sort}admissionpolicies";

        var refused = await server.SendAsync("POST", policies, Policy("p"), impersonate: "jane");
        var plain = await server.SendAsync("POST", policies, Policy("q", isPlain: true), impersonate: "jane");
        var made = await server.SendAsync("POST", policies, Policy("p"), impersonate: "joan");
        var labelled = await server.SendAsync(
            "PATCH", $"{policies}/p", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json",
            impersonate: "jane");

        Assert.Equal(
            (422,
                $"{kind}AdmissionPolicy.{Group} \"p\" is invalid: spec.paramKind: Forbidden: user "
                + "&{jane  [system:authenticated] map[]} must have \"get\" permission on all objects of the referenced "
                + "paramKind (kind=Secret, apiVersion=v1)"),
            (refused.Status, (string?)refused.Body["message"]));
        Assert.True(plain.Status == 201, plain.Body.ToJsonString());
        Assert.True(made.Status == 201, made.Body.ToJsonString());
        Assert.True(labelled.Status == 200, labelled.Body.ToJsonString());

        string Policy(string name, bool isPlain = false)
        {
            var parameters = isPlain ? "" : """ "paramKind":{"apiVersion":"v1","kind":"Secret"},""";
            return $$"""{"metadata":{"name":"{{name}}"},"spec":{ {{parameters}}{{Match}},{{rules}} } }""";
        }
    }

    [Theory]
    [InlineData("validating", """ "name":"s","namespace":"default" """, "get")]
    [InlineData("validating", """ "selector":{"matchLabels":{"a":"b"}} """, "list")]
    [InlineData("mutating", """ "name":"s","namespace":"default" """, "get")]
    public async Task ABindingNeedsTheRightToReadItsParameters(string sort, string reference, string verb)
    {
        await using var server = await Server.StartAsync();
        await server.GiveAsync(
            "jane", [Writing, Right(verb == "get" ? "list" : "get")], $"{Root}/{sort}admissionpolicies/none", 404);
        await server.GiveAsync("joan", [Writing, Right(verb)], $"{Root}/{sort}admissionpolicies/none", 404);
        var rules = sort == "mutating" ? Mutations : """ "validations":[{"expression":"true"}] """;
        await server.MakeAsync($"{Root}/{sort}admissionpolicies", $$"""
            {"metadata":{"name":"p"},"spec":{"paramKind":{"apiVersion":"v1","kind":"Secret"},{{Match}},{{rules}} } }
            """);
        var actions = sort == "mutating" ? "" : "\"validationActions\":[\"Deny\"],";
        var binding = $$"""
            {"metadata":{"name":"b"},"spec":{"policyName":"p",{{actions}}
             "paramRef":{ {{reference}},"parameterNotFoundAction":"Deny"} } }
            """;

        var refused = await BindAsync("jane");
        var made = await BindAsync("joan");

        Assert.Equal(422, refused.Status);
        Assert.EndsWith(
            $"spec.paramRef: Forbidden: user {verb} does not have \"&{{jane  [system:authenticated] map[]}}\" "
            + "permission on "
                + "the object referenced by paramRef",
            (string?)refused.Body["message"], StringComparison.Ordinal);
        Assert.True(made.Status == 201, made.Body.ToJsonString());

        Task<Answer> BindAsync(string user) => server.SendAsync(
            "POST", $"{Root}/{sort}admissionpolicybindings", binding, impersonate: user);
    }

    private static string Right(string verb) =>
        $$"""{"apiGroups":[""],"resources":["secrets"],"verbs":["{{verb}}"]}""";
}
