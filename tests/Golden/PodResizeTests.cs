using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// Resizes of pods that have a node, by upstream's <c>plugin/pkg/admission/{podresize,nodedeclaredfeatures}</c>.
/// </summary>
public sealed class PodResizeTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Theory]
    [InlineData(
        "linux", "3", "1Gi",
        "node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000", "NodeCapacity")]
    [InlineData(
        "linux", "3", "5Gi",
        "node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; " +
        "memory, requested: 5368709120, allocatable: 4294967296", "NodeCapacity")]
    [InlineData(
        "windows", "3", "1Gi",
        "pod resize is only supported on linux nodes, node \"n\" is \"windows\"", "UnsupportedPlatform")]
    public async Task ANodeGivesNoMoreThanItHas(string system, string cpu, string memory, string why, string cause)
    {
        await using var server = await Server.StartAsync();
        await RunAsync(server, system);

        var refused = await ResizeAsync(server, Containers(cpu, memory));

        Assert.Equal(
            (403, "Forbidden", $"pods \"p\" is forbidden: {why}"),
            (refused.Status, (string)refused.Body["reason"]!, (string)refused.Body["message"]!));
        Assert.Equal(
            $$"""{"name":"p","kind":"pods","causes":[{"reason":"{{cause}}"}]}""", refused.Body["details"]!.ToJsonString());
    }

    [Fact]
    public async Task WhatFitsIsGiven()
    {
        await using var server = await Server.StartAsync();
        await RunAsync(server, "linux");

        var resized = await ResizeAsync(server, Containers("2", "4Gi"));

        Assert.Equal((200, 2), (resized.Status, (int)resized.Body["metadata"]!["generation"]!));
    }

    /// <summary>Nobody asks the node when nothing changes.</summary>
    [Fact]
    public async Task ANodeThatIsNotThereGivesNothing()
    {
        await using var server = await Server.StartAsync();
        await RunAsync(server, null);

        Assert.Equal(200, (await ResizeAsync(server, Containers("1", "1Gi"))).Status);
        Assert.Equal(
            "pods \"p\" is forbidden: node \"n\" not found",
            (string)(await ResizeAsync(server, Containers("2", "1Gi"))).Body["message"]!);
    }

    [Fact]
    public async Task WhatTheNodeDoesNotDeclareIsNotDone()
    {
        await using var server = await Server.StartAsync();
        await RunAsync(server, "linux");
        const string Resources = """{"resources":{"requests":{"cpu":"2","memory":"2Gi"}}}""";

        Assert.Equal(
            "pods \"p\" is forbidden: pod update requires features InPlacePodLevelResourcesVerticalScaling which are not " +
            "available on node \"n\"",
            (string)(await ResizeAsync(server, Resources)).Body["message"]!);
        Assert.Equal(
            "pods \"p\" is forbidden: pod update requires features InPlacePodVerticalScalingInitContainers which are not " +
            "available on node \"n\"",
            (string)(await ResizeAsync(
                server,
                """{"initContainers":[{"name":"i","resources":{"requests":{"cpu":"200m"}}}]}""")).Body["message"]!);

        var declared = await server.SendAsync(
            "PATCH", "/api/v1/nodes/n/status",
            """{"status":{"declaredFeatures":["InPlacePodLevelResourcesVerticalScaling"]}}""",
            "application/merge-patch+json");
        Assert.True(declared.Status == 200, declared.Body.ToJsonString());
        var resized = await ResizeAsync(server, Resources);
        Assert.True(resized.Status == 200, resized.Body.ToJsonString());
    }

    private static string Containers(string cpu, string memory) =>
        $$"""
        {"containers":[{"name":"c","resources":{"requests":{"cpu":"{{cpu}}","memory":"{{memory}}"} } }]}
        """;

    private static Task<Answer> ResizeAsync(Server server, string spec) => server.SendAsync(
        "PATCH", $"{Pods}/p/resize", new JsonObject { ["spec"] = JsonNode.Parse(spec) }.ToJsonString(),
        "application/strategic-merge-patch+json");

    private static async Task RunAsync(Server server, string? system)
    {
        await server.SendAsync("POST", "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"default"}}""");
        if (system is not null)
        {
            await server.MakeAsync(
                "/api/v1/nodes",
                $$$$"""
                {"metadata":{"name":"n","labels":{"kubernetes.io/os":"{{{{system}}}}"}},
                 "status":{"allocatable":{"cpu":"2","memory":"4Gi"},"capacity":{"cpu":"2","memory":"4Gi"}}}
                """);
        }

        await server.MakeAsync(
            Pods,
            """
            {"metadata":{"name":"p"},"spec":{"nodeName":"n",
             "initContainers":[{"name":"i","image":"i","resources":{"requests":{"cpu":"100m"}}}],
             "containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]}}
            """);
    }
}
