using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Jwt;

/// <summary>How often a place is asked at which groups lie.</summary>
public sealed class DistributedClaimsTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly RemoteConnections _connections = new(null!, TimeProvider.System);
    private TestIssuer? _issuer;
    private int _asked;

    public async ValueTask InitializeAsync() => _issuer = await TestIssuer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _issuer!.DisposeAsync();
    }

    [Fact]
    public async Task OneFetchServesAllWhoWaitAndThoseWhoComeSoon()
    {
        using var mayAnswer = new ManualResetEventSlim();
        _issuer!.Elsewhere = _ =>
        {
            Interlocked.Increment(ref _asked);
            mayAnswer.Wait(TimeSpan.FromMinutes(1));
            return Other("k8s", new JsonArray("dev"));
        };
        var distributed = Make();
        using var claims = Claims();

        Task<string>[] waiting = [GroupsAsync(distributed, claims), GroupsAsync(distributed, claims)];
        mayAnswer.Set();

        Assert.Equal(["""["dev"]""", """["dev"]"""], await Task.WhenAll(waiting));
        _time.Advance(TimeSpan.FromSeconds(9));
        await GroupsAsync(distributed, claims);
        Assert.Equal(1, _asked);
        _time.Advance(TimeSpan.FromSeconds(1));
        await GroupsAsync(distributed, claims);
        Assert.Equal(2, _asked);
    }

    /// <summary>Neither what could not be verified nor what is very large.</summary>
    [Theory]
    [InlineData("stranger", 1)]
    [InlineData("k8s", 70_000)]
    public async Task NotAllIsKept(string audience, int length)
    {
        _issuer!.Elsewhere = _ =>
        {
            Interlocked.Increment(ref _asked);
            return Other(audience, new string('x', length));
        };
        var distributed = Make();
        using var claims = Claims();

        for (var i = 0; i < 2; i++)
        {
            var failure = await Record.ExceptionAsync(() => GroupsAsync(distributed, claims));
            Assert.Equal(audience != "k8s", failure is TokenRefusedException);
        }

        Assert.Equal(2, _asked);
    }

    private DistributedClaims Make() => new(
        new JwtSettings
        {
            Issuer = new IssuerSettings
            {
                Url = _issuer!.Url("plain"), CertificateAuthority = _issuer.AuthorityPem, Audiences = ["k8s"],
            },
            Groups = new PrefixedClaim("roles"),
        },
        new RemoteCaller(_connections, TimeProvider.System), _time);

    /// <summary>What lies elsewhere.</summary>
    private string Other(string audience, JsonNode roles) => _issuer!.Token(
        "other", new JsonObject { ["aud"] = audience, ["exp"] = 9_999_999_999, ["roles"] = roles });

    private TokenClaims Claims() => TokenClaims.Read(_issuer!.Token("plain", new JsonObject
    {
        ["_claim_names"] = new JsonObject { ["roles"] = "there" },
        ["_claim_sources"] = new JsonObject
        {
            ["there"] = new JsonObject { ["endpoint"] = _issuer.Url("there/claims") },
        },
    }))!;

    private static async Task<string> GroupsAsync(DistributedClaims distributed, TokenClaims claims)
    {
        using var all = await distributed.ExpandAsync(claims, CancellationToken.None);
        return all!.Root.GetProperty("roles").GetRawText();
    }
}
