using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What admission sees of a token that is asked for, and what the answer says of it.</summary>
public sealed class TokenRequestTests
{
    private const string Space = "/api/v1/namespaces/default";
    private const string Root = "/apis/admissionregistration.k8s.io/v1";

    private const string Seen =
        "[object.metadata.namespace, object.metadata.name, object.metadata.uid, object.spec.audiences[0], "
        + "string(has(object.metadata.creationTimestamp))].join(' ')";

    [Fact]
    public async Task AnAnswerHasTheMetadataThatWasSent()
    {
        await using var server = await Server.StartAsync();
        var account = await server.MakeAsync($"{Space}/serviceaccounts", """{"metadata":{"name":"robot"}}""");

        var made = await server.MakeAsync($"{Space}/serviceaccounts/robot/token", """
            {"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}},"status":{"token":"mine"} }
            """);

        var metadata = made["metadata"]!;
        Assert.Equal("b", (string?)metadata["labels"]!["a"]);
        Assert.Equal("d", (string?)metadata["annotations"]!["c"]);
        Assert.Equal("robot", (string?)metadata["name"]);
        Assert.Equal("default", (string?)metadata["namespace"]);
        Assert.Equal((string?)account["metadata"]!["uid"], (string?)metadata["uid"]);
        Assert.NotEqual("mine", (string?)made["status"]!["token"]);
    }

    /// <summary>What a mutation takes away is defaulted again.</summary>
    [Theory]
    [InlineData("/spec")]
    [InlineData("/spec/expirationSeconds")]
    public async Task AMutationMayLeaveNoLifetime(string path)
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync($"{Space}/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        await server.MakeAsync($"{Root}/mutatingadmissionpolicies", $$"""
            {"metadata":{"name":"p"},"spec":{"failurePolicy":"Fail","reinvocationPolicy":"Never","matchConstraints":{
             "resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],
               "resources":["serviceaccounts/token"]}]},"mutations":[{"patchType":"JSONPatch","jsonPatch":{
             "expression":"[JSONPatch{op: 'remove', path: '{{path}}'}]"} }]} }
            """);
        await server.MakeAsync($"{Root}/mutatingadmissionpolicybindings", """
            {"metadata":{"name":"b"},"spec":{"policyName":"p"} }
            """);

        var seconds = await Patiently.FoundAsync(TimeSpan.FromSeconds(60), async _ =>
        {
            var answer = await server.SendAsync(
                "POST", $"{Space}/serviceaccounts/robot/token", """{"spec":{"expirationSeconds":7200}}""");
            var given = (long?)answer.Body["spec"]?["expirationSeconds"];
            return given == 7200 ? null : $"{answer.Status} {given}";
        });

        Assert.Equal("201 3600", seconds);
    }

    [Fact]
    public async Task ValidatingPoliciesSeeForWhomATokenIs()
    {
        await using var server = await Server.StartAsync();
        var account = await server.MakeAsync($"{Space}/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        await server.MakeAsync($"{Root}/validatingadmissionpolicies", $$$"""
            {"metadata":{"name":"p"},"spec":{
             "matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],
               "resources":["serviceaccounts/token"]}]},
             "validations":[{"expression":"has(object.metadata.labels)","messageExpression":"{{{Seen}}}"}]} }
            """);
        await server.MakeAsync($"{Root}/validatingadmissionpolicybindings", """
            {"metadata":{"name":"b"},"spec":{"policyName":"p","validationActions":["Deny"]} }
            """);

        var refused = await Patiently.FoundAsync(TimeSpan.FromSeconds(60), async _ =>
        {
            var answer = await server.SendAsync("POST", $"{Space}/serviceaccounts/robot/token", "{}");
            return answer.Status == 422 ? (string?)answer.Body["message"] : null;
        });

        Assert.EndsWith(
            $"denied request: default robot {(string?)account["metadata"]!["uid"]} {server.Audiences[0]} true",
            refused, StringComparison.Ordinal);
    }
}
