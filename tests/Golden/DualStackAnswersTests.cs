using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Resources.Core.Services;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Services of a cluster that has ranges of both families, from the request to the answer.</summary>
public sealed class DualStackAnswersTests
{
    private const string Services = "/api/v1/namespaces/default/services";
    private const string Merge = "application/merge-patch+json";

    private static readonly ServiceAddressRange Range = new("10.96.0.0/16,fd00:10:96::/112", 30000, 32767);

    [Fact]
    public async Task AServiceGetsASecondAddressThatIsItsAloneAndGivesItBack()
    {
        await using var server = await StartAsync();
        var made = await server.MakeAsync(
            Services, """{"metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}}""");
        Assert.Equal(("SingleStack", "IPv4"), (Text(made, "ipFamilyPolicy"), Joined(made, "ipFamilies")));

        var both = (await server.SendAsync(
            "PATCH", $"{Services}/s", """{"spec": {"ipFamilyPolicy": "RequireDualStack"}}""", Merge)).Body;
        var six = Joined(both, "clusterIPs").Split(',')[1];
        Assert.Equal("IPv4,IPv6", Joined(both, "ipFamilies"));
        Assert.True(Range.Secondary!.Contains(six), six);
        Assert.Equal(Text(made, "clusterIP"), Text(both, "clusterIP"));

        var wanted = $$"""
            {"metadata": {"name": "t"}, "spec": {"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}],
            "clusterIP": "10.96.0.77", "clusterIPs": ["10.96.0.77", "{{six}}"]} }
            """;
        var refused = await server.SendAsync("POST", Services, wanted);
        Assert.Equal(
            $"Service \"t\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.77\",\"{six}\"]: "
                + $"failed to allocate IP {six}: provided IP is already allocated",
            (string)refused.Body["message"]!);

        var single = (await server.SendAsync(
            "PATCH", $"{Services}/s", """{"spec": {"ipFamilyPolicy": "SingleStack"}}""", Merge)).Body;
        Assert.Equal((Text(made, "clusterIP"), "IPv4"), (Joined(single, "clusterIPs"), Joined(single, "ipFamilies")));
        Assert.Equal($"10.96.0.77,{six}", Joined(await server.MakeAsync(Services, wanted), "clusterIPs"));
    }

    [Theory]
    [InlineData("""{"ipFamilyPolicy": "PreferDualStack", "ports": [{"port": 80}]}""", "10.96.0.0,fd00:10:96::")]
    [InlineData("""{"ipFamilies": ["IPv6"], "ports": [{"port": 80}]}""", "fd00:10:96::")]
    public async Task ADryRunPretendsAnAddressOfEachFamily(string spec, string addresses)
    {
        await using var server = await StartAsync();
        var answer = await server.SendAsync(
            "POST", $"{Services}?dryRun=All", $$"""{"metadata": {"name": "s"}, "spec": {{spec}} }""");
        Assert.Equal(addresses, Joined(answer.Body, "clusterIPs"));
    }

    private static async Task<Server> StartAsync() => new(await GoldenHost.StartAsync(
        configure: static services => services.AddSingleton(Range),
        configureSilo: static silo => silo.Services.AddSingleton(Range)));

    private static string Text(JsonNode service, string field) => (string)service["spec"]![field]!;

    private static string Joined(JsonNode service, string field) =>
        string.Join(',', service["spec"]![field]!.AsArray().Select(static v => (string)v!));
}
