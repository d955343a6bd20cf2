using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// Who may connect to which container, by upstream's <c>registry/core/pod/{strategy.go,rest/authorize.go}</c>.
/// </summary>
public sealed class PodConnectTests
{
    private const string Space = "/api/v1/namespaces/default";

    /// <summary>An init container is not meant when nobody names it: the only regular one is.</summary>
    [Fact]
    public async Task TheOnlyRegularContainerNeedsNoName()
    {
        await using var server = await Server.StartAsync();
        await CreateAsync(server);

        var refused = await server.SendAsync("GET", $"{Space}/pods/p/exec?command=ls&stdout=true");

        Assert.Equal(
            (400, "pod p does not have a host assigned"), (refused.Status, (string)refused.Body["message"]!));
    }

    /// <summary>A WebSocket begins with a GET, and does what a POST does.</summary>
    [Theory]
    [InlineData("exec", "exec?command=ls&stdout=true")]
    [InlineData("attach", "attach?stdout=true")]
    [InlineData("portforward", "portforward")]
    public async Task ToGetAConnectionIsToCreateOne(string subresource, string path)
    {
        await using var server = await Server.StartAsync();
        await CreateAsync(server);
        await server.GiveAsync(
            "reader",
            [$$"""{"apiGroups":[""],"resources":["pods","pods/{{subresource}}"],"verbs":["get"]}"""],
            $"{Space}/pods/p",
            200);

        var refused = await server.SendAsync("GET", $"{Space}/pods/p/{path}", impersonate: "reader");

        Assert.Equal((403, "pods \"p\" is forbidden: "), (refused.Status, (string)refused.Body["message"]!));
    }

    /// <summary>A simulated node's address may be somebody else's: nobody is called there.</summary>
    [Theory]
    [InlineData("log")]
    [InlineData("exec?command=ls&stdout=true")]
    public async Task ASimulatedNodeIsNotAsked(string path)
    {
        await using var server = await Server.StartAsync();
        await CreateAsync(server);
        await server.MakeAsync(
            "/api/v1/nodes",
            """
            {"metadata":{"name":"n"},"spec":{"providerID":"hollow://n"},
             "status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}]}}
            """);
        await server.MakeAsync(
            $"{Space}/pods/p/binding", """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}""");

        var refused = await server.SendAsync("GET", $"{Space}/pods/p/{path}");

        Assert.Equal(
            (501, "not implemented: node n is simulated and runs no containers"),
            (refused.Status, (string)refused.Body["message"]!));
    }

    private static async Task CreateAsync(Server server)
    {
        await server.SendAsync("POST", $"{Space}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await server.MakeAsync(
            $"{Space}/pods",
            """
            {"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"i","image":"x"}],
             "containers":[{"name":"c","image":"x"}]}}
            """);
    }
}
