using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>
/// Definitions that ask for as much work as one may: their objects are taken or refused within bounds, and what else is
/// written goes on.
/// </summary>
public sealed class CostlyKindTests
{
    private const string Group = "costly.example.com";
    private const string Crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Things = $"/apis/{Group}/v1/namespaces/default/things";
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    /// <summary>A backtracking matcher would not live to see the end of this.</summary>
    private const string Pattern = """
        {"s":{"type":"string","pattern":"^(([a-z])+.)+[A-Z]([a-z])+$"}}
        """;

    private const string Rule = """
        {"l":{"type":"array","maxItems":800,"items":{"type":"integer"},"x-kubernetes-validations":[
        {"rule":"self.all(a, self.all(b, a + b >= 0))"}]}}
        """;

    private const string Unique = """
        {"l":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"integer"}}}
        """;

    private const string Keyed = """
        {"l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
        "items":{"type":"object","required":["k"],"properties":{"k":{"type":"integer"},
        "v":{"type":"string","default":"x"}}}}}
        """;

    public static TheoryData<string, string, int> Costly => new()
    {
        { Pattern, $$"""{"s":"{{new string('a', 100_000)}}"}""", 422 },
        { Rule, $$"""{"l":[{{Numbers(800)}}]}""", 422 },
        { Unique, $$"""{"l":[{{Numbers(50_000)}}]}""", 201 },
        { Keyed, $$"""{"l":[{{Keys(20_000)}}]}""", 201 },
    };

    [Theory]
    [MemberData(nameof(Costly), DisableDiscoveryEnumeration = true)]
    public async Task Their_objects_are_taken_or_refused_and_others_are_written(string fields, string spec, int status)
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync(Crds, Definition(
            $$$$"""{"type":"object","properties":{"spec":{"type":"object","properties":{{{{fields}}}} } } }"""));
        await server.Services.GetRequiredService<ResourceCatalog>().ServedAsync(new ResourceName(Group, "things"));
        var made = await server.SendAsync(
            "POST", Things,
            $$$"""{"apiVersion":"{{{Group}}}/v1","kind":"Thing","metadata":{"name":"t"},"spec":{{{spec}}} }""");
        Assert.Equal(status, made.Status);
        await server.MakeAsync(Maps, """{"metadata":{"name":"m"}}""");
        Assert.Equal(200, (await server.SendAsync("DELETE", $"{Crds}/things.{Group}")).Status);
    }

    [Theory]
    [InlineData("self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))")]
    [InlineData("lists.range(1000000).all(a, lists.range(1000000).all(b, a >= b))")]
    [InlineData("self.s.matches('((a{1000}){1000}){1000}')")]
    public async Task A_rule_that_could_cost_too_much_is_refused(string rule)
    {
        await using var server = await Server.StartAsync();
        var refused = await server.SendAsync("POST", Crds, Definition($$"""
            {"type":"object","properties":{"l":{"type":"array","items":{"type":"integer"} },"s":{"type":"string"} },
            "x-kubernetes-validations":[{"rule":"{{rule}}"}]}
            """));
        Assert.Equal(422, refused.Status);
        await server.MakeAsync(Maps, """{"metadata":{"name":"m"}}""");
    }

    private static string Definition(string schema) => $$$$"""
        {"metadata":{"name":"things.{{{{Group}}}}"},"spec":{"group":"{{{{Group}}}}","scope":"Namespaced",
        "names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,
        "schema":{"openAPIV3Schema":{{{{schema}}}} } }]} }
        """;

    private static string Keys(int count) =>
        string.Join(',', Enumerable.Range(0, count).Select(static i => $$"""{"k":{{i}} }"""));

    private static string Numbers(int count) => string.Join(',', Enumerable.Range(0, count));
}
