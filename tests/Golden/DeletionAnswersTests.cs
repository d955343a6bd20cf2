using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Deletions at the edge, by upstream's rules, where no recording shows them.</summary>
public sealed class DeletionAnswersTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string FindKind =
        "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; " +
        "Kind string \"json:\\\"kind,omitempty\\\"\" }";

    [Theory]
    [InlineData("/a?uid=x", "the UID in the precondition (x) does not match the UID in record")]
    [InlineData("/a?resourceVersion=1", "the ResourceVersion in the precondition (1) does not match")]
    [InlineData("?resourceVersion=1", "the ResourceVersion in the precondition (1) does not match")]
    public async Task TheQueryHasPreconditionsToo(string asked, string message)
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync(Maps, """{"metadata":{"name":"a"}}""");
        var refused = await server.SendAsync("DELETE", Maps + asked);
        Assert.Equal(409, refused.Status);
        Assert.Contains(message, (string)refused.Body["message"]!, StringComparison.Ordinal);
        Assert.Equal(200, (await server.SendAsync("GET", $"{Maps}/a")).Status);
    }

    /// <summary>Options are read with the kinds of meta alone.</summary>
    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"Pod"}""", "no kind \"Pod\" is registered for version \"v1\" in scheme")]
    [InlineData(
        """{"apiVersion":"v1","kind":"ListOptions"}""",
        "no kind \"ListOptions\" is registered for version \"v1\" in scheme")]
    [InlineData(
        """{"apiVersion":"meta.k8s.io/v1","kind":"ListOptions"}""",
        "converting (v1.ListOptions) to (v1.DeleteOptions): unknown conversion")]
    [InlineData(
        """{"apiVersion":"v1","kind":"Status"}""",
        "converting (v1.Status) to (v1.DeleteOptions): unknown conversion")]
    [InlineData("""{"apiVersion":"a/b/c","kind":"DeleteOptions"}""", "unexpected GroupVersion string: a/b/c")]
    [InlineData(
        "[]",
        "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type " + FindKind)]
    [InlineData(
        "5",
        "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go value of type " + FindKind)]
    public async Task OddOptionsAreRefused(string options, string message)
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync(Maps, """{"metadata":{"name":"a"}}""");
        foreach (var path in (string[])[$"{Maps}/a", Maps])
        {
            var refused = await server.SendAsync("DELETE", path, options);
            Assert.Equal(400, refused.Status);
            Assert.StartsWith(message, (string)refused.Body["message"]!, StringComparison.Ordinal);
        }

        Assert.Equal(200, (await server.SendAsync("GET", $"{Maps}/a")).Status);
    }

    /// <summary>What is selected comes before how it is deleted.</summary>
    [Theory]
    [InlineData(
        "?dryRun=X&labelSelector=a%3D%3D%3Db", 400,
        "unable to parse requirement: found '=', expected: identifier")]
    [InlineData(
        "?dryRun=X&fieldSelector=x%3Da", 400,
        "\"x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    [InlineData("?gracePeriodSeconds=y&limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData(
        "?dryRun=X&sendInitialEvents=1", 422,
        "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is " +
        "forbidden for list")]
    public async Task TheFirstComplaintIsOfTheSelection(string query, int status, string message)
    {
        await using var server = await Server.StartAsync();
        var refused = await server.SendAsync("DELETE", Maps + query);
        Assert.Equal((status, message), (refused.Status, (string)refused.Body["message"]!));
    }

    [Fact]
    public async Task SystemClassesOfPriorityGoWithAllOthersOnly()
    {
        const string Classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
        await using var server = await Server.StartAsync();
        await server.SendAsync(
            "POST", Classes, """{"metadata":{"name":"system-node-critical"},"value":2000001000}""");

        var refused = await server.SendAsync("DELETE", $"{Classes}/system-node-critical");
        Assert.Equal(403, refused.Status);
        Assert.EndsWith(
            "this is a system priority class and cannot be deleted", (string)refused.Body["message"]!,
            StringComparison.Ordinal);
        Assert.Equal(200, (await server.SendAsync("DELETE", Classes)).Status);
        Assert.Equal(404, (await server.SendAsync("GET", $"{Classes}/system-node-critical")).Status);
    }

    [Fact]
    public async Task WhatWasDeletedIsShownAsAsked()
    {
        const string Form = "application/json;v=v1;g=meta.k8s.io;as=";
        await using var server = await Server.StartAsync();
        await server.MakeAsync(Maps, """{"metadata":{"name":"a"}}""");
        await server.MakeAsync(Maps, """{"metadata":{"name":"b"},"data":{"k":"v"}}""");
        var table = await server.SendAsync("DELETE", $"{Maps}?dryRun=All", accept: $"{Form}Table");
        Assert.Equal(
            [("a", 0), ("b", 1)],
            table.Body["rows"]!.AsArray().Select(r => ((string)r!["cells"]![0]!, (int)r["cells"]![1]!)));
        var list = await server.SendAsync(
            "DELETE", $"{Maps}?dryRun=All", accept: $"{Form}PartialObjectMetadataList");
        Assert.Equal("PartialObjectMetadataList", (string)list.Body["kind"]!);
        Assert.Equal(["a", "b"], list.Body["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!));
        var one = await server.SendAsync("DELETE", $"{Maps}?dryRun=All", accept: $"{Form}PartialObjectMetadata");
        Assert.Equal(
            (406, "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)"),
            (one.Status, (string)one.Body["message"]!));
    }

    [Fact]
    public async Task APodIsEvictedAndBoundInItsNamespaceOnly()
    {
        const string Pods = "/api/v1/namespaces/default/pods";
        const string Message = "the namespace of the provided object does not match the namespace sent on the request";
        await using var server = await Server.StartAsync();
        await server.MakeAsync("/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await server.MakeAsync(Pods, """{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        IEnumerable<(string, string)> asked = [("eviction", "a"), ("eviction", "b"), ("binding", "b")];
        foreach (var (subresource, name) in asked)
        {
            var refused = await server.SendAsync(
                "POST", $"{Pods}/a/{subresource}",
                $$$"""{"metadata":{"name":"{{{name}}}","namespace":"other"},"target":{"name":"n"}}""");
            Assert.Equal((400, Message), (refused.Status, (string)refused.Body["message"]!));
        }

        Assert.Equal(200, (await server.SendAsync("GET", $"{Pods}/a")).Status);
    }
}
