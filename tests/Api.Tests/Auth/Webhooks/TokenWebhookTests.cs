using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Webhooks;

/// <summary>A real server on loopback that is asked who bears a token.</summary>
public sealed class TokenWebhookTests : IAsyncLifetime
{
    private static readonly IReadOnlyList<string> Audiences = new AuthOptions().Audiences;

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly TestAuthority _authority = new();
    private readonly RemoteConnections _connections = new(null!, TimeProvider.System);
    private TestRemote? _server;
    private string _status = "{}";
    private string? _authorization;
    private int _failures;

    public async ValueTask InitializeAsync() =>
        _server = await TestRemote.StartAsync(_authority.Issue(["localhost"]), AnswerAsync);

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _connections.Dispose();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v1beta1")]
    public async Task ItIsAskedOnceForAWhileAndTellsAUser(string version)
    {
        var webhook = Webhook(version);
        _status = """
            {"authenticated":true,"user":{"username":"jane","uid":"7","groups":["dev"],"extra":{"a":["b"]}}}
            """;

        var verdict = await webhook.ReviewAsync("t1", Audiences, CancellationToken.None);
        _status = "{}";
        var again = await webhook.ReviewAsync("t1", Audiences, CancellationToken.None);

        Assert.Equal("jane", verdict.User!.Name);
        Assert.Equal("7", verdict.User.Uid);
        Assert.Equal(["dev", "system:authenticated"], verdict.User.Groups);
        Assert.Equal(["b"], verdict.User.Extra["a"]);
        Assert.Equal(Audiences, verdict.Audiences);
        Assert.Same(verdict.User, again.User);
        var question = Assert.Single(_server!.Calls);
        Assert.Equal(
            $$"""{"kind":"TokenReview","apiVersion":"authentication.k8s.io/{{version}}","spec":"""
                + """{"token":"t1","audiences":["https://kubernetes.default.svc.cluster.local"]}}""",
            question.ToJsonString());
        Assert.Equal("Bearer secret", _authorization);
    }

    [Theory]
    [InlineData("""{"authenticated":true,"user":{"username":"j"}}""", "vault", false)]
    [InlineData("""{"authenticated":true,"user":{"username":"j"},"audiences":["vault","x"]}""", "vault", true)]
    [InlineData("""{"authenticated":true,"user":{"username":"j"},"audiences":["x"]}""", "vault", false)]
    [InlineData("""{"authenticated":false,"audiences":["vault"]}""", "vault", false)]
    public async Task AudiencesAreKeptApart(string status, string audience, bool isGood)
    {
        _status = status;

        var verdict = await Webhook("v1").ReviewAsync("t", [audience], CancellationToken.None);

        Assert.Equal(isGood, verdict.User is not null);
    }

    [Fact]
    public async Task WhatItSaysAgainstATokenIsTold()
    {
        _status = """{"authenticated":false,"error":"too old"}""";

        var verdict = await Webhook("v1").ReviewAsync("t", Audiences, CancellationToken.None);

        Assert.Equal("too old", verdict.Complaint);
    }

    /// <summary>A trouble that passes is not noticed; one that stays is told, and not kept.</summary>
    [Fact]
    public async Task PassingTroubleIsAskedAgain()
    {
        _failures = 1;
        _status = """{"authenticated":true,"user":{"username":"j"}}""";

        var verdict = await Webhook("v1").ReviewAsync("t", Audiences, CancellationToken.None);

        Assert.Equal("j", verdict.User!.Name);
        Assert.Equal(2, _server!.Calls.Count);
    }

    [Theory]
    [InlineData("v2", "token: x",
        "unsupported webhook authenticator version \"v2\", supported versions are \"v1\", \"v1beta1\"")]
    [InlineData("v1", "exec: {command: x}", "strict decoding error: unknown field \"users[0].user.exec\"")]
    public void WhatCannotBeUsedIsRefused(string version, string user, string complaint)
    {
        var refusal = Assert.Throws<ConfigurationException>(() => Webhook(version, user));

        Assert.Equal(complaint, refusal.Message);
    }

    /// <summary>The file is read for each question.</summary>
    [Theory]
    [InlineData(null, "failed to read token file \"")]
    [InlineData(" \n", "read empty token from file \"")]
    public async Task ATokenThatIsGoneIsAFailureOfTheWebhook(string? content, string complaint)
    {
        var path = Path.Combine(_folder, "token");
        if (content is not null)
        {
            await File.WriteAllTextAsync(path, content);
        }

        var target = RemoteKubeconfig.Load(
            TestKubeconfig.Write(_folder, _authority, _server!.Url("/review"), $"tokenFile: {path}"));
        var answer = await new RemoteCaller(_connections, TimeProvider.System).AskAsync(
            target, "{}"u8.ToArray(), TimeSpan.FromSeconds(30), 1000, CancellationToken.None);

        Assert.False(answer.Succeeded);
        Assert.Contains($": {complaint}{path}\"", answer.Error.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Calls);
    }

    private TokenWebhook Webhook(string version, string user = "token: secret") => new(
        new TokenWebhookSettings(
            TestKubeconfig.Write(_folder, _authority, _server!.Url("/review"), user), version,
            TimeSpan.FromMinutes(10)),
        Audiences, new RemoteCaller(_connections, TimeProvider.System), TimeProvider.System);

    private async Task AnswerAsync(TestRemote remote, HttpContext context)
    {
        var question = await remote.ReadAsync(context);
        _authorization = context.Request.Headers.Authorization.ToString();
        if (Interlocked.Decrement(ref _failures) >= 0)
        {
            context.Response.StatusCode = 500;
            return;
        }

        await context.Response.WriteAsync(new JsonObject
        {
            ["kind"] = "TokenReview",
            ["apiVersion"] = (string?)question["apiVersion"],
            ["status"] = JsonNode.Parse(_status),
        }.ToJsonString());
    }
}
