using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>Authentication reads, too (of a token's service account), and what it reads may be away.</summary>
public sealed class AuthenticationFailureTests
{
    [Fact]
    public async Task AFailureOfAuthenticationIsAnsweredAndCounted()
    {
        await using var host = await ProtocolHost.StartAsync(
            configure: s => s.AddSingleton<IAuthenticator>(new Away()));
        using var answer = await host.Http.GetAsync("/api/v1/namespaces");

        Assert.Equal(503, (int)answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Contains("\"kind\":\"Status\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var shown = await host.Http.GetStringAsync("/metrics");
        Assert.Contains(
            "apiserver_request_total{verb=\"LIST\",group=\"\",version=\"v1\",resource=\"namespaces\"," +
                "subresource=\"\",scope=\"cluster\",component=\"apiserver\",dry_run=\"\",code=\"503\"} 1\n",
            shown,
            StringComparison.Ordinal);
        Assert.Contains("authentication_attempts{result=\"error\"} 1\n", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARefusalIsCounted()
    {
        await using var host = await ProtocolHost.StartAsync(
            configure: s => s.AddSingleton<IAuthenticator>(new Away { Failure = null }));
        using var answer = await host.Http.GetAsync("/api/v1/namespaces");

        Assert.Equal(401, (int)answer.StatusCode);
        var shown = await host.Http.GetStringAsync("/metrics");
        Assert.Contains("code=\"401\"} 1\n", shown, StringComparison.Ordinal);
        Assert.Contains("authentication_attempts{result=\"failure\"} 1\n", shown, StringComparison.Ordinal);
        Assert.Contains("authentication_duration_seconds_count{result=\"success\"} ", shown, StringComparison.Ordinal);
        Assert.Contains("authenticated_user_requests{username=\"admin\"} ", shown, StringComparison.Ordinal);
        Assert.Contains("authorization_attempts_total{result=\"allowed\"} ", shown, StringComparison.Ordinal);
    }

    /// <summary>What is wrong with a request itself is told before anybody asks who sent it.</summary>
    [Fact]
    public async Task ATimeThatCannotBeReadIsRefusedToEverybody()
    {
        await using var host = await ProtocolHost.StartAsync(
            configure: s => s.AddSingleton<IAuthenticator>(new Away { Failure = null }));
        using var answer = await host.Http.GetAsync("/api/v1/namespaces?timeout=5");
        using var watch = await host.Http.GetAsync("/api/v1/namespaces?watch=1&timeout=5");

        Assert.Equal((400, 401), ((int)answer.StatusCode, (int)watch.StatusCode));
    }

    /// <summary>Knows nobody but those who ask for the figures; may fail to find out.</summary>
    private sealed class Away : IAuthenticator
    {
        public Exception? Failure { get; init; } = new StoreUnavailableException("away");

        public ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context) =>
            context.Request.Path == "/metrics" ? new(new UserIdentity { Name = "admin", Groups = ["system:masters"] })
            : Failure is null ? new((UserIdentity?)null)
            : throw Failure;
    }
}
