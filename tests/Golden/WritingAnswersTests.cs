using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Creates and updates at the edge, by upstream's rules, where no recording shows them.</summary>
public sealed class WritingAnswersTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    private const string Conflict =
        "configmaps \"a-1\" already exists, the server was not able to generate a unique name for the object";
    private const string Owner = """{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u"}""";
    private const string Repeated =
        "; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; " +
        "please fix your requests; duplicate UID(s) observed: u\"";

    [Fact]
    public async Task AnUpdateOfWhichVersionIsToBeSaidNamesTheResource()
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync(Leases, """{"metadata":{"name":"l"}}""");
        var refused = await server.SendAsync("PUT", $"{Leases}/l", """{"metadata":{"name":"l"}}""");
        Assert.Equal(422, refused.Status);
        Assert.Equal(
            "leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0: " +
            "must be specified for an update",
            (string)refused.Body["message"]!);
        Assert.Equal("leases", (string)refused.Body["details"]!["kind"]!);
    }

    [Theory]
    [InlineData("PUT", Leases, """{"metadata":{"name":"n","resourceVersion":"x"}}""", "application/json")]
    [InlineData(
        "PATCH", Maps, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"n","resourceVersion":"x"}}""",
        "application/apply-patch+yaml")]
    public async Task WhatAnUpdateCreatesHasAVersionThatIsANumber(
        string method, string resource, string body, string type)
    {
        await using var server = await Server.StartAsync();
        var refused = await server.SendAsync(method, $"{resource}/n?fieldManager=m", body, type);
        Assert.Equal(
            (500, "strconv.ParseUint: parsing \"x\": invalid syntax"),
            (refused.Status, (string)refused.Body["message"]!));
        var number = body.Replace("\"x\"", "\"5\"", StringComparison.Ordinal);
        Assert.Equal(201, (await server.SendAsync(method, $"{resource}/n?fieldManager=m", number, type)).Status);
    }

    [Fact]
    public async Task NobodyOwnsWhatTheServerAloneSays()
    {
        await using var server = await Server.StartAsync();
        var made = await server.MakeAsync(
            Maps,
            """
            {"metadata":{
                "name":"a","deletionTimestamp":"2001-01-01T00:00:00Z","deletionGracePeriodSeconds":3,"uid":"x"}}
            """);
        var metadata = made["metadata"]!.AsObject();
        Assert.Equal(
            ["creationTimestamp", "name", "namespace", "resourceVersion", "uid"],
            metadata.Select(p => p.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task AnOwnerIsNamedOnce()
    {
        await using var server = await Server.StartAsync();
        var other = Owner.Replace("\"p\"", "\"q\"", StringComparison.Ordinal);
        var given = $$$"""{"metadata":{"name":"a","ownerReferences":[{{{Owner}}},{{{Owner}}},{{{other}}}]}}""";
        foreach (var (method, path) in (IEnumerable<(string, string)>)[("POST", Maps), ("PUT", $"{Maps}/a")])
        {
            var written = await server.SendAsync(method, path, given);
            Assert.Equal(2, References(written.Body).Count);
            Assert.Equal(
                $"299 - \".metadata.ownerReferences contains duplicate entries{Repeated}",
                Assert.Single(written.Warnings));
        }

        var patched = await server.SendAsync("PATCH", $"{Maps}/a", given, "application/merge-patch+json");
        Assert.Equal(2, References(patched.Body).Count);
        Assert.Equal(
            $"299 - \".metadata.ownerReferences contains duplicate entries after mutating admission happens{Repeated}",
            Assert.Single(patched.Warnings));
    }

    [Fact]
    public async Task AWarningIsWrittenInUtf8()
    {
        await using var server = await Server.StartAsync();
        var owner = Owner.Replace("\"u\"", "\"größe\"", StringComparison.Ordinal);
        var made = await server.SendAsync(
            "POST", Maps, $$$"""{"metadata":{"name":"a","ownerReferences":[{{{owner}}},{{{owner}}}]}}""");
        Assert.EndsWith("observed: größe\"", Assert.Single(made.Warnings), StringComparison.Ordinal);
    }

    /// <summary>
    /// Whoever gives a prefix too is told to try again, for the name may come of it; upstream does not look at which of
    /// the two it was.
    /// </summary>
    [Theory]
    [InlineData("")]
    [InlineData("?dryRun=All")]
    public async Task ATakenNameOfAPrefixIsToBeTriedAgain(string query)
    {
        await using var server = await Server.StartAsync();
        const string Given = """{"metadata":{"name":"a-1","generateName":"a-","finalizers":["x/y"]}}""";
        await server.MakeAsync(Maps, Given);
        var taken = await server.SendAsync("POST", Maps + query, Given);
        Assert.Equal((409, "AlreadyExists", "1"), (taken.Status, (string)taken.Body["reason"]!, taken.RetryAfter));
        Assert.Equal(Conflict, (string)taken.Body["message"]!);
        Assert.Equal(
            """{"name":"a-1","kind":"configmaps","retryAfterSeconds":1}""", taken.Body["details"]!.ToJsonString());

        await server.SendAsync("DELETE", $"{Maps}/a-1");
        var leaving = await server.SendAsync("POST", Maps + query, Given);
        Assert.Equal($"object is being deleted: {Conflict}", (string)leaving.Body["message"]!);
        var named = await server.SendAsync("POST", Maps + query, """{"metadata":{"name":"a-1"}}""");
        Assert.Equal(
            "object is being deleted: configmaps \"a-1\" already exists", (string)named.Body["message"]!);
        Assert.Null(named.RetryAfter);
    }

    [Theory]
    [InlineData("a%C2%A0b", "U+00A0 (at position 1)")]
    [InlineData("%E2%80%8B", "U+200B (at position 0)")]
    [InlineData("%C3%A4%0A", "U+000A (at position 2)")]
    public async Task AManagerIsPrintable(string manager, string found)
    {
        await using var server = await Server.StartAsync();
        var refused = await server.SendAsync("POST", $"{Maps}?fieldManager={manager}", """{"metadata":{"name":"a"}}""");
        Assert.Equal(422, refused.Status);
        Assert.EndsWith($": invalid character {found}", (string)refused.Body["message"]!, StringComparison.Ordinal);
        var printable = await server.SendAsync(
            "POST", $"{Maps}?fieldManager=%C3%A4%20b", """{"metadata":{"name":"a"},"data":{"k":"v"}}""");
        Assert.Equal("ä b", (string)printable.Body["metadata"]!["managedFields"]![0]!["manager"]!);
    }

    /// <summary>Upstream reads a patch when it has what is to be patched.</summary>
    [Theory]
    [InlineData("application/json-patch+json", "/apis/apps/v1/namespaces/default/deployments/a")]
    [InlineData("application/merge-patch+json", "/apis/apps/v1/namespaces/default/deployments/a/scale")]
    [InlineData("application/strategic-merge-patch+json", $"{Leases}/a")]
    public async Task WhatIsNotThereIsMissedBeforeItsPatchIsRead(string type, string path)
    {
        await using var server = await Server.StartAsync();
        Assert.Equal(404, (await server.SendAsync("PATCH", path, "[", type)).Status);
    }

    private static JsonArray References(JsonNode item) => item["metadata"]!["ownerReferences"]!.AsArray();
}
