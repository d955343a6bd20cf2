using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What changes while a server runs: issuers' keys, the configuration, and its file.</summary>
public sealed class IssuerChangesTests
{
    private const string Self = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    private static readonly JsonObject Three = new() { ["n"] = 3 };
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>A token of a key of which nobody knew is good at once, and the old keys' are not.</summary>
    [Fact]
    public async Task NewKeysServeAtOnce()
    {
        await using var server = new IssuerServer();
        await server.InitializeAsync();
        var old = server.Issuer.Token("cel", Three);
        Assert.Equal(201, await TryAsync(server, old));

        server.Issuer.Rotate();

        Assert.Equal(201, await TryAsync(server, server.Issuer.Token("cel", Three)));
        Assert.Equal(401, await TryAsync(server, old));
    }

    /// <summary>Strangers cannot make us ask an issuer as often as they like.</summary>
    [Fact]
    public async Task StrangeTokensMakeUsAskSeldom()
    {
        await using var server = new IssuerServer();
        await server.InitializeAsync();
        await using var stranger = await TestIssuer.StartAsync();
        var start = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 60; i++)
        {
            var token = stranger.Token("cel", new JsonObject { ["iss"] = server.Issuer.Url("cel") }, "ES256");
            Assert.Equal(401, await TryAsync(server, token));
        }

        // Ten at once, and one more each ten seconds that this took.
        var most = 11 + (int)(TimeProvider.System.GetElapsedTime(start).TotalSeconds / 10);
        Assert.InRange(server.Issuer.Fetches, 1, most);
        Assert.Equal(201, await TryAsync(server, server.Issuer.Token("cel", Three)));
    }

    [Theory]
    [InlineData("anonymous: {enabled: false}", 401, 401)]
    [InlineData("anonymous: {enabled: true, conditions: [{path: /livez}]}", 200, 401)]
    [InlineData("anonymous: {enabled: true}", 200, 200)]
    [InlineData("", 200, 200)]
    public async Task NobodyIsLetInWhereTheConfigurationSaysSo(string anonymous, int livez, int version)
    {
        await using var server = new IssuerServer();
        await server.InitializeAsync();
        server.Use(anonymous);

        Assert.Equal(livez, (await server.SendAsync("GET", "/livez", null)).Status);
        Assert.Equal(version, (await server.SendAsync("GET", "/version", null)).Status);
        Assert.Equal(200, (await server.SendAsync("GET", "/version", GoldenHost.Token)).Status);
    }

    /// <summary>The file is followed; one that is broken changes nothing.</summary>
    [Fact]
    public async Task AFileIsFollowed()
    {
        await using var issuer = await TestIssuer.StartAsync();
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "authentication.yaml");
        const string Empty = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";
        await File.WriteAllTextAsync(path, Empty, TestContext.Current.CancellationToken);
        await using var host = await GoldenHost.StartAsync(
            configure: s => s.FollowAuthenticationFile(path, Encoding.UTF8.GetBytes(Empty)));
        var token = issuer.Token("cel", Three);
        Assert.Equal(401, await TryAsync(host, token));

        await File.WriteAllTextAsync(path, IssuerServer.Text(issuer), TestContext.Current.CancellationToken);
        await UntilAsync(host, token, 201);

        await File.WriteAllTextAsync(path, "kind: Nonsense", TestContext.Current.CancellationToken);
        Assert.Equal(201, await TryAsync(host, token));
        await File.WriteAllTextAsync(path, Empty + "jwt: []\n", TestContext.Current.CancellationToken);
        await UntilAsync(host, token, 401);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    /// <summary>As people do it: kubectl with a token of the issuer, over TLS.</summary>
    [Fact]
    public async Task KubectlSignsInWithAToken()
    {
        Assert.SkipUnless(File.Exists(Tools.Kubectl), $"{Tools.Kubectl} is not installed");
        using var authority = new TestAuthority();
        var certificate = authority.Issue(["localhost"]);
        await using var issuer = await TestIssuer.StartAsync();
        await using var host = await GoldenHost.StartAsync(configure: s => s.Configure<KestrelServerOptions>(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(
                new HttpsConnectionAdapterOptions { ServerCertificate = certificate }))));
        host.Services.GetRequiredService<Api.Auth.Jwt.JwtIssuers>().Use(
            Api.Auth.Jwt.AuthenticationConfigurationReader.Read(Encoding.UTF8.GetBytes(IssuerServer.Text(issuer))));
        var bundle = Path.GetTempFileName();
        await File.WriteAllBytesAsync(bundle, authority.Bundle, TestContext.Current.CancellationToken);

        var said = await Tools.RunAsync(
            Tools.Kubectl,
            [
                "--server", $"https://127.0.0.1:{host.Address.Port}", "--certificate-authority", bundle,
                "--token", issuer.Token("cel", Three), "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}",
            ]);

        Assert.Equal("cel:jane", said.Required);
        File.Delete(bundle);
    }

    /// <summary>Asks until the answer is as wanted: what follows a file does so in its own time.</summary>
    private static async Task UntilAsync(GoldenHost host, string token, int status)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await TryAsync(host, token) != status)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task<int> TryAsync(IssuerServer server, string token) =>
        (await server.SendAsync("POST", Self, token, "{}")).Status;

    private static async Task<int> TryAsync(GoldenHost host, string token)
    {
        using var client = new RawHttpClient(host.Address.Host, host.Address.Port);
        var answer = await client.SendAsync(
            "POST", Self,
            [new("Host", "x"), new("Content-Type", "application/json"), new("Authorization", $"Bearer {token}")],
            "{}"u8.ToArray());
        return answer.Status;
    }
}
