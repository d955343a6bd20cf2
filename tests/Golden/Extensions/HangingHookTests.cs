using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>Webhooks that take a connection and never say a word.</summary>
public sealed class HangingHookTests : IDisposable
{
    private const string Registration = "/apis/admissionregistration.k8s.io/v1";
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Secrets = "/api/v1/namespaces/default/secrets";
    private const string Thing = """{"metadata":{"generateName":"t"}}""";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TcpListener _deaf = new(IPAddress.Loopback, 0);

    public HangingHookTests() => _deaf.Start();

    public void Dispose() => _deaf.Dispose();

    [Theory]
    [InlineData("validatingwebhookconfigurations")]
    [InlineData("mutatingwebhookconfigurations")]
    public async Task Who_waits_for_a_webhook_holds_up_nobody_else(string plural)
    {
        const int Waiting = 32;
        await using var server = await Server.StartAsync();
        await HookAsync(server, plural, "Fail", seconds: 30);
        var waiting = Enumerable.Range(0, Waiting).Select(_ => server.SendAsync("POST", Maps, Thing)).ToList();
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        using (await _deaf.AcceptTcpClientAsync(patience.Token))
        {
            await server.MakeAsync(Secrets, Thing);
            Assert.Equal(200, (await server.SendAsync("GET", Maps)).Status);
            Assert.Equal(200, (await server.SendAsync("DELETE", $"{Registration}/{plural}/deaf")).Status);
            await SyncAsync(server, plural);
            await server.MakeAsync(Maps, Thing);
            _deaf.Stop();
        }

        // Who came to the hook's place after it had gone is not held up either.
        var answers = await Task.WhenAll(waiting);
        Assert.Contains(answers, static a => a.Status == 500);
        Assert.All(answers, static a => Assert.True(a.Status is 500 or 201));
    }

    [Fact]
    public async Task One_that_may_fail_is_not_waited_for_longer_than_it_says()
    {
        await using var server = await Server.StartAsync();
        await HookAsync(server, "validatingwebhookconfigurations", "Ignore", seconds: 1);
        await server.MakeAsync(Maps, Thing);
    }

    private async Task HookAsync(Server server, string plural, string failurePolicy, int seconds)
    {
        await server.MakeAsync($"{Registration}/{plural}", $$$"""
            {"metadata":{"name":"deaf"},"webhooks":[{"name":"deaf.example.com",
            "clientConfig":{"url":"https://{{{_deaf.LocalEndpoint}}}/"},"sideEffects":"None",
            "admissionReviewVersions":["v1"],"failurePolicy":"{{{failurePolicy}}}","timeoutSeconds":{{{seconds}}},
            "rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}
            """);
        await SyncAsync(server, plural);
    }

    private static async Task SyncAsync(Server server, string plural)
    {
        var cache = await server.Services.GetRequiredService<ResourceCaches>().GetAsync(
            new ResourceName("admissionregistration.k8s.io", plural), CancellationToken.None);
        await cache.ConsistentAsync(CancellationToken.None);
    }
}
