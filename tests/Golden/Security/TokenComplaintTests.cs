using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Core.Secrets;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>Why a token of a service account is worth nothing, as TokenReview tells it: upstream's words.</summary>
public sealed class TokenComplaintTests : IAsyncLifetime
{
    private const string Space = "/api/v1/namespaces/default";
    private const string Other = "another-uid";

    private Server? _server;
    private string _account = "";
    private string _pod = "";
    private string _secret = "";

    private Server Server => _server ?? throw new InvalidOperationException("The server has not been started.");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _server = await Server.StartAsync();
        _account = await MakeAsync("serviceaccounts", """{"metadata":{"name":"robot"}}""");
        _pod = await MakeAsync("pods", """
            {"metadata":{"name":"p"},"spec":{"serviceAccountName":"robot","containers":[{"name":"c","image":"i"}]}}
            """);
        _secret = await MakeAsync("secrets", """{"metadata":{"name":"s"}}""");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task WhatATokenIsBoundToHasToBeThere()
    {
        await ExpectAsync("serviceaccounts \"nobody\" not found", Order(account: "nobody"));
        await ExpectAsync(
            $"service account UID ({_account}) does not match claim ({Other})", Order(uid: Other));
        await ExpectAsync(
            "service account token has been invalidated", Order(new BoundObject("Pod", "gone", "x")));
        await ExpectAsync(
            $"pod UID ({_pod}) does not match service account pod ref claim ({Other})",
            Order(new BoundObject("Pod", "p", Other)));
        await ExpectAsync(
            $"secret UID ({_secret}) does not match service account secret ref claim ({Other})",
            Order(new BoundObject("Secret", "s", Other)));
        await ExpectAsync(
            "service account token has been invalidated", Order(new BoundObject("Node", "gone", "x")));
    }

    /// <summary>For whom it is comes first, whatever else is wrong with it.</summary>
    [Fact]
    public async Task ForWhomATokenIsCountsBeforeItsTime()
    {
        var spent = Order() with { Lifetime = TimeSpan.FromHours(-1) };
        await ExpectAsync("service account token has expired", spent);
        await ExpectAsync(
            $"token audiences [\"vault\"] is invalid for the target audiences [\"{Server.Audiences[0]}\"]",
            spent with { Audiences = ["vault"] });
    }

    /// <summary>Clocks may differ by a minute, as upstream has it.</summary>
    [Theory]
    [InlineData(-55, "")]
    [InlineData(-65, "service account token has expired")]
    public async Task AnEndIsAMinuteLate(int seconds, string complaint) => await ExpectAsync(
        complaint, Order() with { Lifetime = TimeSpan.FromSeconds(seconds) });

    [Theory]
    [InlineData(50, "")]
    [InlineData(3600, "service account token is not valid yet")]
    public async Task ABeginningIsAMinuteEarly(int seconds, string complaint) =>
        await ExpectAsync(complaint, Order(), TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("""{"alg":"ES256","kid":"other"}""", "invalid signature, no keys found")]
    [InlineData("""{"alg":"ES256"}""", "go-jose/go-jose: error in cryptographic primitive")]
    [InlineData("""{"alg":"none"}""", "go-jose/go-jose: error in cryptographic primitive")]
    public async Task ASignatureIsLookedForByItsKey(string head, string complaint)
    {
        var token = await IssueAsync(Order());
        var rest = token[token.IndexOf('.', StringComparison.Ordinal)..];
        var forged = Base64Url.EncodeToString(Encoding.ASCII.GetBytes(head)) + rest;

        Assert.Equal($"[invalid bearer token, {complaint}]", await ComplaintAsync(forged));
    }

    [Fact]
    public async Task ATokenThatASecretKeepsIsAsGoodAsTheSecret()
    {
        var token = await KeptAsync(_account);
        Assert.Equal("[invalid bearer token, Token has been invalidated]", await ComplaintAsync(token));

        await KeepAsync("another");
        Assert.Equal("[invalid bearer token, Token does not match server's copy]", await ComplaintAsync(token));

        await KeepAsync(token);
        Assert.Equal("", await ComplaintAsync(token));
        Assert.Equal(
            $"[invalid bearer token, token audiences [\"{Server.Audiences[0]}\"] is invalid for the target "
                + "audiences [\"vault\"]]",
            await ComplaintAsync(token, "vault"));

        var strange = await KeptAsync(Other);
        await KeepAsync(strange);
        Assert.Equal(
            $"[invalid bearer token, ServiceAccount UID ({_account}) does not match claim ({Other})]",
            await ComplaintAsync(strange));
    }

    [Fact]
    public async Task ATokenThatIsMarkedAsOutOfUseIsRefusedAndSaysHowToGoOn()
    {
        var token = await KeptAsync(_account);
        await KeepAsync(token, LegacyTokens.InvalidSinceLabel);

        Assert.Equal(
            "[invalid bearer token, the token in secret default/kept for service account default/robot has been "
            + "marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove "
            + "the 'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this "
            + "token]",
            await ComplaintAsync(token));
    }

    /// <summary>An account that lists a Secret was given it; who only asks about the token does not use it.</summary>
    [Fact]
    public async Task WhoUsesATokenThatNobodyMadeIsToldToUseAnother()
    {
        const string Warning =
            "299 - \"Use tokens from the TokenRequest API or manually created secret-based tokens instead of "
            + "auto-generated secret-based tokens.\"";
        var token = await KeptAsync(_account);
        await KeepAsync(token);
        Assert.Empty((await Server.SendAsync("GET", "/version", token: token)).Warnings);

        var listed = await Server.SendAsync(
            "PATCH", $"{Space}/serviceaccounts/robot", """{"secrets":[{"name":"kept"}]}""",
            "application/merge-patch+json");
        Assert.Equal(200, listed.Status);

        Assert.Equal([Warning], (await Server.SendAsync("GET", "/version", token: token)).Warnings);
        Assert.Empty((await ReviewAsync(token)).Warnings);
    }

    private TokenOrder Order(BoundObject? bound = null, string account = "robot", string? uid = null) => new()
    {
        Namespace = "default", ServiceAccount = account, ServiceAccountUid = uid ?? _account,
        Audiences = Server.Audiences, Lifetime = TimeSpan.FromHours(1), BoundTo = bound,
    };

    private Task<string> IssueAsync(TokenOrder order, TimeSpan fromNow = default) =>
        Server.Services.GetRequiredService<ServiceAccountTokens>().IssueAsync(
            order, TimeProvider.System.GetUtcNow() + fromNow, CancellationToken.None);

    private ValueTask<string> KeptAsync(string uid) => Server.Services.GetRequiredService<SecretTokens>().IssueAsync(
        new SecretTokenOrder
        {
            Namespace = "default", Secret = "kept", ServiceAccount = "robot", ServiceAccountUid = uid,
        },
        CancellationToken.None);

    /// <summary>Puts a token into a new Secret that tokens say keeps them.</summary>
    private async Task KeepAsync(string token, params string[] labels)
    {
        await Server.SendAsync("DELETE", $"{Space}/secrets/kept");
        var item = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "kept",
                ["labels"] = new JsonObject(labels.Select(
                    static l => KeyValuePair.Create(l, (JsonNode?)JsonValue.Create("2026-01-01")))),
            },
            ["stringData"] = new JsonObject { ["token"] = token },
        };
        await Server.MakeAsync($"{Space}/secrets", item.ToJsonString());
    }

    private async Task ExpectAsync(string complaint, TokenOrder order, TimeSpan fromNow = default) => Assert.Equal(
        complaint.Length == 0 ? "" : $"[invalid bearer token, {complaint}]",
        await ComplaintAsync(await IssueAsync(order, fromNow)));

    /// <summary>Empty for a token that is good.</summary>
    private async Task<string> ComplaintAsync(string token, params string[] audiences)
    {
        var status = (await ReviewAsync(token, audiences)).Body["status"]!;
        Assert.Equal((bool?)status["authenticated"] == true, status["error"] is null);
        return (string?)status["error"] ?? "";
    }

    private async Task<Answer> ReviewAsync(string token, params string[] audiences)
    {
        var review = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["token"] = token, ["audiences"] = new JsonArray([.. audiences.Select(static a => JsonValue.Create(a))]),
            },
        };
        var answer = await Server.SendAsync(
            "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review.ToJsonString());
        Assert.True(answer.Status == 201, answer.Body.ToJsonString());
        return answer;
    }

    private async Task<string> MakeAsync(string resource, string json)
    {
        var made = await Server.MakeAsync($"{Space}/{resource}", json);
        return (string)made["metadata"]!["uid"]!;
    }
}
