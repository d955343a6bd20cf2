using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Keys of service-account tokens come and go, and no token is refused before its end.</summary>
public sealed class TokenKeyTests
{
    private const string Accounts = "/api/v1/namespaces/default/serviceaccounts";
    private const string Whoami = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    private const int Year = 365 * 24 * 3600;

    [Fact]
    public async Task TheClusterReplacesItsKeyWithoutAGap()
    {
        var time = new ShiftedTime();
        await using var server = await Server.StartAsync(time);
        await MakeAccountAsync(server);
        var old = await TokenAsync(server);
        var first = Assert.Single(await PublishedAsync(server));
        Assert.Equal(first, KeyOf(old));

        // Old enough: the next key is published, and does not sign yet. Another silo hears of it now, and no more.
        time.Advance(TimeSpan.FromDays(90));
        await LookAsync(server);
        var other = await OtherSiloAsync(server, time);
        var published = await PublishedAsync(server);
        Assert.Equal(2, published.Count);
        Assert.Equal(first, KeyOf(await TokenAsync(server)));

        time.Advance(TimeSpan.FromHours(2));
        var young = await TokenAsync(server);
        Assert.Equal(published.Single(k => k != first), KeyOf(young));
        Assert.Equal((201, 201), (await AsksAsync(server, old), await AsksAsync(server, young)));
        Assert.NotNull((await other.ReviewAsync(young, server.Audiences, CancellationToken.None)).User);
        Assert.NotNull((await other.ReviewAsync(old, server.Audiences, CancellationToken.None)).User);

        // When the last token of the first key has ended, and only then, the key goes.
        time.Advance(TimeSpan.FromDays(364));
        await LookAsync(server);
        Assert.Contains(first, await PublishedAsync(server));
        time.Advance(TimeSpan.FromDays(2));
        await LookAsync(server);
        Assert.DoesNotContain(first, await PublishedAsync(server));
        Assert.Equal(401, await AsksAsync(server, old));
    }

    [Fact]
    public async Task AKeyOfTokensWithoutAnEndStays()
    {
        var time = new ShiftedTime();
        await using var server = await Server.StartAsync(time);
        await MakeAccountAsync(server);
        var uid = (await OrderAsync(server, [])).ServiceAccountUid;
        await server.Services.GetRequiredService<SecretTokens>().IssueAsync(
            new() { Namespace = "default", Secret = "robot", ServiceAccount = "robot", ServiceAccountUid = uid },
            CancellationToken.None);
        var first = Assert.Single(await PublishedAsync(server));

        time.Advance(TimeSpan.FromDays(90));
        await LookAsync(server);
        time.Advance(TimeSpan.FromDays(3650));
        await LookAsync(server);

        Assert.Contains(first, await PublishedAsync(server));
    }

    [Theory]
    [InlineData(256, "ES256")]
    [InlineData(384, "ES384")]
    [InlineData(521, "ES512")]
    [InlineData(2048, "RS256")]
    public async Task AFilesKeySignsWhileTokensOfTheClustersOwnLive(int bits, string algorithm)
    {
        var time = new ShiftedTime();
        using AsymmetricAlgorithm key = bits switch
        {
            256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            521 => ECDsa.Create(ECCurve.NamedCurves.nistP521),
            _ => RSA.Create(bits),
        };
        var directory = Directory.CreateTempSubdirectory("token-keys-");
        try
        {
            var (verify, sign) = (Path.Combine(directory.FullName, "a.pub"), Path.Combine(directory.FullName, "a.key"));
            await File.WriteAllTextAsync(verify, key.ExportSubjectPublicKeyInfoPem());
            await File.WriteAllTextAsync(sign, key.ExportPkcs8PrivateKeyPem());
            await using var server = await Server.StartAsync(
                time, auth => auth with { TokenKeys = TokenKeyFiles.Read([verify], sign) });
            await MakeAccountAsync(server);

            var token = await TokenAsync(server);
            var own = await OwnTokenAsync(server, time);
            await LookAsync(server);

            Assert.Equal(algorithm, (string)Header(token)["alg"]!);
            Assert.Equal([KeyOf(token), KeyOf(own)], await PublishedAsync(server));
            Assert.Equal((201, 201), (await AsksAsync(server, token), await AsksAsync(server, own)));
            var discovery = await server.SendAsync("GET", "/.well-known/openid-configuration");
            Assert.Contains(
                algorithm, discovery.Body["id_token_signing_alg_values_supported"]!.AsArray().Select(a => (string)a!));

            time.Advance(TimeSpan.FromDays(366));
            Assert.Equal([KeyOf(token)], await PublishedAsync(server));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task AnotherIssuerComesWithoutAGap()
    {
        const string Old = "https://old.example/", New = "https://new.example/clusters/1";
        var time = new ShiftedTime();
        await using var server = await Server.StartAsync(time, a => a with { Issuers = [Old, New] });
        await MakeAccountAsync(server);
        var before = await TokenAsync(server);

        // A silo that has been started anew signs for the new issuer; this one takes both already.
        var after = await Other(server, time, options => options with { Issuers = [New, Old] }).IssueAsync(
            await OrderAsync(server, [New, Old]), time.GetUtcNow(), CancellationToken.None);
        var last = Other(server, time, options => options with { Issuers = [New] });

        Assert.Equal((Old, New), ((string)Claims(before)["iss"]!, (string)Claims(after)["iss"]!));
        Assert.Equal([Old, New], Claims(before)["aud"]!.AsArray().Select(static a => (string)a!));
        Assert.Equal((201, 201), (await AsksAsync(server, before), await AsksAsync(server, after)));
        Assert.NotNull((await last.ReviewAsync(after, [New], CancellationToken.None)).User);
        Assert.Null((await last.ReviewAsync(before, [New], CancellationToken.None)).User);

        var discovery = await server.SendAsync("GET", "/.well-known/openid-configuration");
        Assert.Equal(Old, (string)discovery.Body["issuer"]!);
        Assert.Equal("https://old.example/openid/v1/jwks", (string)discovery.Body["jwks_uri"]!);
    }

    [Theory]
    [InlineData("https://issuer.example", "https://keys.example/set", "https://keys.example/set")]
    [InlineData("https://issuer.example", null, "https://issuer.example/openid/v1/jwks")]
    [InlineData("https://issuer.example?a=b", null, null)]
    [InlineData("https://issuer.example#a", null, null)]
    [InlineData("http://issuer.example", null, null)]
    [InlineData("issuer", "https://keys.example/set", null)]
    public async Task OnlyAnIssuerThatMayBeDiscoveredIs(string issuer, string? keySet, string? expected)
    {
        await using var server = await Server.StartAsync(
            TimeProvider.System, a => a with { Issuers = [issuer], KeySetUrl = keySet });

        var discovery = await server.SendAsync("GET", "/.well-known/openid-configuration");
        var keys = await server.SendAsync("GET", "/openid/v1/jwks");

        Assert.Equal(expected is null ? (404, 404) : (200, 200), (discovery.Status, keys.Status));
        Assert.Equal(expected, expected is null ? null : (string?)discovery.Body["jwks_uri"]);
    }

    [Theory]
    [InlineData(true, 365 * 24 * 3600)]
    [InlineData(false, 3607)]
    public async Task APodsTokenLivesLongerWhereThatIsSaid(bool extends, int seconds)
    {
        await using var server = await Server.StartAsync(
            TimeProvider.System,
            a => a with { ExtendsTokens = extends, MaxTokenLifetime = TimeSpan.FromHours(2) });
        await MakeAccountAsync(server);
        await server.MakeAsync(
            "/api/v1/namespaces/default/pods",
            """
            {"metadata":{"name":"p"},"spec":{"serviceAccountName":"robot","containers":[{"name":"c","image":"i"}]}}
            """);

        var claims = Claims(await TokenAsync(
            server,
            """{"spec":{"expirationSeconds":3607,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}}"""));

        Assert.Equal(seconds, (long)claims["exp"]! - (long)claims["iat"]!);
        Assert.Equal(extends, claims["kubernetes.io"]!["warnafter"] is not null);
    }

    /// <summary>A token of the time before files signed.</summary>
    private static async Task<string> OwnTokenAsync(Server server, TimeProvider time) =>
        await Other(server, time, static a => a with { TokenKeys = null }).IssueAsync(
            await OrderAsync(server, server.Audiences), time.GetUtcNow(), CancellationToken.None);

    /// <summary>What another silo of the cluster would say, that has looked at the keys now.</summary>
    private static async Task<ServiceAccountTokens> OtherSiloAsync(Server server, TimeProvider time)
    {
        var trust = ActivatorUtilities.CreateInstance<TrustStore>(server.Services);
        await trust.LoadAsync(CancellationToken.None);
        return Tokens(server, trust, server.Services.GetRequiredService<AuthOptions>(), time);
    }

    /// <summary>What another silo would say that was told other things.</summary>
    private static ServiceAccountTokens Other(
        Server server, TimeProvider time, Func<AuthOptions, AuthOptions> change) => Tokens(
        server, server.Services.GetRequiredService<TrustStore>(),
        change(server.Services.GetRequiredService<AuthOptions>()), time);

    private static ServiceAccountTokens Tokens(
        Server server, TrustStore trust, AuthOptions options, TimeProvider time) => new(
        new AccountKeys(trust, options, time), server.Services.GetRequiredService<IResourceClient>(), options, time);

    private static async Task<TokenOrder> OrderAsync(Server server, IReadOnlyList<string> audiences) => new()
    {
        Namespace = "default", ServiceAccount = "robot",
        ServiceAccountUid = (string)(await server.SendAsync("GET", $"{Accounts}/robot")).Body["metadata"]!["uid"]!,
        Audiences = audiences, Lifetime = TimeSpan.FromSeconds(Year),
    };

    /// <summary>What each silo does each minute.</summary>
    private static Task LookAsync(Server server) =>
        server.Services.GetRequiredService<TrustStore>().LoadAsync(CancellationToken.None);

    private static async Task MakeAccountAsync(Server server) => Assert.Equal(
        201, (await server.SendAsync("POST", Accounts, """{"metadata":{"name":"robot"}}""")).Status);

    private static Task<string> TokenAsync(Server server) =>
        TokenAsync(server, "{\"spec\":{\"expirationSeconds\":" + Year + "}}");

    private static async Task<string> TokenAsync(Server server, string request) =>
        (string)(await server.MakeAsync($"{Accounts}/robot/token", request))["status"]!["token"]!;

    private static async Task<int> AsksAsync(Server server, string token) =>
        (await server.SendAsync("POST", Whoami, "{}", token: token)).Status;

    private static async Task<List<string>> PublishedAsync(Server server) =>
    [
        .. (await server.SendAsync("GET", "/openid/v1/jwks")).Body["keys"]!.AsArray().Select(k => (string)k!["kid"]!),
    ];

    private static string KeyOf(string token) => (string)Header(token)["kid"]!;

    private static JsonNode Header(string token) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[0]))!;

    private static JsonNode Claims(string token) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!;
}
