using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Lists and watches at the edge, by upstream's rules, where no recording shows them.</summary>
public sealed class SelectionAnswersTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Old = "/api/v1/watch/namespaces/default";

    [Theory]
    [InlineData(
        $"{Old}/configmaps/a?fieldSelector=metadata.name%3Db", 400,
        "fieldSelector metadata.name doesn't match requested name")]
    [InlineData(
        $"{Old}/configmaps/a?fieldSelector=metadata.namespace%3Ddefault", 400,
        "fieldSelector metadata.name doesn't match requested name")]
    [InlineData($"{Old}/pods/a/status", 404, "the server could not find the requested resource")]
    [InlineData("/api/v1/watch/componentstatuses", 404, "the server could not find the requested resource")]
    [InlineData(
        "/apis/authorization.k8s.io/v1/watch/subjectaccessreviews", 404,
        "the server could not find the requested resource")]
    [InlineData(
        "/api/v1/componentstatuses?watch=1", 405,
        "watch is not supported on resources of kind \"componentstatuses\"")]
    [InlineData(
        $"{Maps}?sendInitialEvents=1&labelSelector=a%3D%3D%3Db", 400,
        "unable to parse requirement: found '=', expected: identifier")]
    [InlineData($"{Maps}?sendInitialEvents=1&fieldSelector=a", 400, "invalid selector: 'a'; can't understand 'a'")]
    [InlineData(
        $"{Maps}?sendInitialEvents=1&fieldSelector=a%3Db", 422,
        "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is " +
        "forbidden for list")]
    [InlineData(
        $"{Maps}?watch=1&continue=x&labelSelector=a%3D%3D%3Db", 400,
        "unable to parse requirement: found '=', expected: identifier")]
    public async Task WhatCannotBeReadIsRefused(string path, int status, string message)
    {
        await using var server = await Server.StartAsync();
        var refused = await server.SendAsync("GET", path);
        Assert.Equal((status, message), (refused.Status, (string)refused.Body["message"]!));
    }

    /// <summary>Whether there can be a stream is said last.</summary>
    [Theory]
    [InlineData("watch=1&resourceVersion=x", "application/yaml", 500)]
    [InlineData("watch=1&labelSelector=a%3D%3D%3Db", "application/yaml", 400)]
    [InlineData("watch=1&includeObject=X", "application/yaml;as=Table;v=v1;g=meta.k8s.io", 400)]
    [InlineData("watch=1&includeObject=X", "application/yaml", 406)]
    [InlineData("watch=1&resourceVersion=x&includeObject=X", "application/json;as=Table;v=v1;g=meta.k8s.io", 500)]
    public async Task AWatchIsRefusedForItsFormLast(string query, string accept, int status)
    {
        await using var server = await Server.StartAsync();
        var refused = await server.SendAsync("GET", $"{Maps}?{query}", accept: accept);
        Assert.Equal(status, refused.Status);
    }

    [Fact]
    public async Task ANamespaceIsWatchedByItsName()
    {
        await using var server = await Server.StartAsync();
        var seen = await server.SendAsync("GET", $"{Old}?timeoutSeconds=1");
        Assert.Equal(
            ("ADDED", "default"),
            ((string)seen.Body["type"]!, (string)seen.Body["object"]!["metadata"]!["name"]!));
    }

    [Fact]
    public async Task ATermOfNothingSelectsAll()
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync(Maps, """{"metadata":{"name":"a"}}""");
        var list = await server.SendAsync("GET", $"{Maps}?fieldSelector=%3D");
        Assert.Equal("a", (string)Assert.Single(list.Body["items"]!.AsArray())!["metadata"]!["name"]!);
    }
}
