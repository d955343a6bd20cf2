using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth;

/// <summary>Who acts as others, and the rights that are asked for, are counted by mode and decision.</summary>
public sealed class ImpersonationMetricsTests
{
    private const string Prefix = "apiserver_impersonation_";

    /// <param name="right">How verbs begin that the sender may.</param>
    /// <param name="headers">What the request says.</param>
    /// <param name="attempts">What is counted of it.</param>
    /// <param name="rights">What is counted of the rights that it needs.</param>
    [Theory]
    [InlineData("impersonate", "Impersonate-User=alice", "user-info allowed 1", "user-info allowed 2")]
    [InlineData("impersonate:", "Impersonate-User=alice", " denied 1", "legacy denied 1;user-info denied 1")]
    [InlineData("impersonate", "Impersonate-User=system:node:n", "arbitrary-node allowed 1",
        "arbitrary-node allowed 2")]
    [InlineData("impersonate", "Impersonate-User=system:serviceaccount:n:a", "serviceaccount allowed 1",
        "serviceaccount allowed 2")]
    [InlineData("impersonate", "Impersonate-User=system:node:n;Impersonate-Uid=7", "legacy allowed 1",
        "legacy allowed 2")]
    [InlineData("none", "Impersonate-User=system:node:n", " denied 1", "arbitrary-node denied 1;legacy denied 1")]
    [InlineData("impersonate", "Impersonate-Uid=7", "", "")]
    [InlineData("impersonate", "Accept=text/plain", "", "")]
    public async Task EachIsCounted(string right, string headers, string attempts, string rights)
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = host.GetRequiredService<IMeterFactory>();
        using var collector = new MetricCollector(meters);
        var impersonation = new Impersonation(
            new AuthorizerChain([new Verbs(right)]), new ImpersonationMetrics(meters), TimeProvider.System,
            NullLogger<Impersonation>.Instance);
        var said = new HeaderDictionary();
        foreach (var header in headers.Split(';'))
        {
            said[header.Split('=')[0]] = header.Split('=')[1];
        }

        await impersonation.ResolveAsync(
            said, new AuthorizationAttributes { User = new() { Name = "sender" }, Verb = "list", Resource = "pods" },
            TestContext.Current.CancellationToken);

        List<string> lines = [.. PrometheusWriter.WriteFamilies(collector.Collect()).Split('\n')];
        Assert.Equal(Series("attempts_total", attempts), Of("attempts_total"));
        Assert.Equal(Series("attempts_duration_seconds_count", attempts), Of("attempts_duration_seconds_count"));
        Assert.Equal(Series("authorization_attempts_total", rights), Of("authorization_attempts_total"));
        Assert.Equal(
            Series("authorization_attempts_duration_seconds_count", rights),
            Of("authorization_attempts_duration_seconds_count"));

        IEnumerable<string> Of(string name) => lines
            .Where(l => l.StartsWith($"{Prefix}{name}{{", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Series(string name, string counts) =>
        from count in counts.Split(';', StringSplitOptions.RemoveEmptyEntries)
        let words = count.Split(' ')
        select $"{Prefix}{name}{{mode=\"{words[0]}\",decision=\"{words[1]}\"}} {words[2]}";

    private sealed class Verbs(string beginning) : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
            new(attributes.Verb.StartsWith(beginning, StringComparison.Ordinal)
                ? AuthorizationDecision.Allow
                : AuthorizationDecision.NoOpinion());
    }
}
