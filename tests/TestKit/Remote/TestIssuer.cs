using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>
/// Issuers of tokens on loopback: each path below the server is one. They share keys, an RSA and an EC one, which can
/// be changed for others.
/// </summary>
public sealed class TestIssuer : IAsyncDisposable
{
    private readonly TestAuthority _authority = new();
    private TestRemote? _remote;
    private RsaSecurityKey _rsa = NewRsa();
    private ECDsaSecurityKey _ec = NewEc();
    private readonly TestSignIns _signIns = new();
    private int _fetches;

    private TestIssuer()
    {
    }

    /// <summary>Who signs for the server: PEM.</summary>
    public string AuthorityPem => System.Text.Encoding.UTF8.GetString(_authority.Bundle);

    /// <summary>The token that lies at <c>/claims</c> of an issuer for who shows a header; null for none.</summary>
    public Func<string, string?> Elsewhere { get; set; } = static _ => null;

    /// <summary>How often somebody has asked for the keys.</summary>
    public int Fetches => Volatile.Read(ref _fetches);

    public static async Task<TestIssuer> StartAsync()
    {
        var issuer = new TestIssuer();
        issuer._remote = await TestRemote.StartAsync(issuer._authority.Issue(["localhost"]), issuer.AnswerAsync);
        return issuer;
    }

    /// <summary>The URL of one of the issuers.</summary>
    public string Url(string name) => _remote!.Url($"/{name}");

    /// <summary>Signs with other keys from now on; the old ones are not shown any more.</summary>
    public void Rotate() => (_rsa, _ec) = (NewRsa(), NewEc());

    /// <summary>A token of an issuer for <c>k8s</c> that is good for an hour, with more or other claims.</summary>
    /// <param name="name">The issuer.</param>
    /// <param name="claims">Claims; null takes one away.</param>
    /// <param name="algorithm">How it is signed.</param>
    public string Token(string name, JsonObject claims, string algorithm = "RS256")
    {
        var now = TimeProvider.System.GetUtcNow();
        var all = new JsonObject
        {
            ["iss"] = Url(name), ["aud"] = "k8s", ["sub"] = "jane",
            ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddHours(1).ToUnixTimeSeconds(),
        };
        foreach (var (claim, value) in claims)
        {
            all.Remove(claim);
            if (value is not null)
            {
                all[claim] = value.DeepClone();
            }
        }

        SecurityKey key = algorithm[0] switch
        {
            'E' => _ec,
            'H' => new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(64)) { KeyId = _rsa.KeyId },
            _ => _rsa,
        };
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
            all.ToJsonString(), new SigningCredentials(key, algorithm));
    }

    public async ValueTask DisposeAsync()
    {
        if (_remote is not null)
        {
            await _remote.DisposeAsync();
        }

        _authority.Dispose();
    }

    private Task AnswerAsync(TestRemote remote, HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var name = path.Split('/')[1];
        return path.EndsWith("/.well-known/openid-configuration", StringComparison.Ordinal)
            ? context.Response.WriteAsJsonAsync(new
            {
                issuer = remote.Url($"/{name}"), jwks_uri = remote.Url($"/{name}/keys?v=1"),
                authorization_endpoint = remote.Url($"/{name}/authorize"), token_endpoint = remote.Url($"/{name}/token"),
            })
            : path.EndsWith("/keys", StringComparison.Ordinal) ? WriteKeysAsync(context)
            : path.EndsWith("/authorize", StringComparison.Ordinal) ? _signIns.AuthorizeAsync(context, name)
            : path.EndsWith("/token", StringComparison.Ordinal)
                ? _signIns.GiveTokenAsync(context, claims => Token(name, claims))
            : path.EndsWith("/claims", StringComparison.Ordinal)
                && Elsewhere(context.Request.Headers.Authorization.ToString()) is { } token
                ? context.Response.WriteAsync(token)
            : NotFoundAsync(context);
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private Task WriteKeysAsync(HttpContext context)
    {
        Interlocked.Increment(ref _fetches);
        var (rsa, ec) = (_rsa.Rsa.ExportParameters(false), _ec.ECDsa.ExportParameters(false).Q);
        return context.Response.WriteAsync(JsonSerializer.Serialize(new
        {
            keys = new object[]
            {
                new
                {
                    kty = "RSA", use = "sig", kid = _rsa.KeyId,
                    n = Base64UrlEncoder.Encode(rsa.Modulus), e = Base64UrlEncoder.Encode(rsa.Exponent),
                },
                new
                {
                    kty = "EC", crv = "P-256", kid = _ec.KeyId,
                    x = Base64UrlEncoder.Encode(ec.X), y = Base64UrlEncoder.Encode(ec.Y),
                },
            },
        }));
    }

    private static RsaSecurityKey NewRsa() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString() };

    private static ECDsaSecurityKey NewEc() =>
        new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = Guid.NewGuid().ToString() };
}
