using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Cluster;

public sealed class TokenCacheTests
{
    private readonly ManualTime _time = new();
    private readonly FakeCluster _cluster = new();
    private readonly LogLines _log = new();
    private readonly V1Pod _pod = TestPods.Pod("p", TestPods.Service("c"));

    public TokenCacheTests()
    {
        _pod.Metadata.Uid = "u";
        _time.Now = TimeProvider.System.GetUtcNow();
    }

    [Fact]
    public async Task A_token_is_renewed_when_four_fifths_of_its_life_are_over()
    {
        var cache = new TokenCache(_cluster, _time, _log);

        var first = await GetAsync(cache);
        _time.Now += TimeSpan.FromSeconds(790);
        Assert.Equal(first, await GetAsync(cache));
        Assert.Equal(TimeSpan.FromSeconds(10), cache.NextRenewal("u")!.Value - _time.GetSteadyTime());
        _time.Now += TimeSpan.FromSeconds(20);

        Assert.NotEqual(first, await GetAsync(cache));
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    [InlineData(86400 * 365)]
    public async Task A_clock_that_is_set_neither_renews_a_token_nor_ends_it(int seconds)
    {
        var cache = new TokenCache(_cluster, _time, _log);
        var first = await GetAsync(cache);

        _time.SetWallClock(TimeSpan.FromSeconds(seconds));
        _cluster.RefusesTokens = true;

        Assert.Equal(first, await GetAsync(cache));
        _time.Now += TimeSpan.FromSeconds(790);
        Assert.Equal(first, await GetAsync(cache));
        _cluster.RefusesTokens = false;
        _time.Now += TimeSpan.FromSeconds(20);
        Assert.NotEqual(first, await GetAsync(cache));
    }

    [Fact]
    public async Task A_node_whose_clock_is_wrong_does_not_ask_for_tokens_all_the_time()
    {
        _time.SetWallClock(TimeSpan.FromDays(1)); // by this clock every token has ended before it came
        var cache = new TokenCache(_cluster, _time, _log);

        var first = await GetAsync(cache);

        Assert.Equal(first, await GetAsync(cache));
    }

    [Fact]
    public async Task An_API_that_is_away_leaves_the_old_token_until_it_ends()
    {
        var cache = new TokenCache(_cluster, _time, _log);
        var first = await GetAsync(cache);
        _cluster.RefusesTokens = true;

        _time.Now += TimeSpan.FromSeconds(900);
        Assert.Equal(first, await GetAsync(cache));
        Assert.StartsWith(
            $"The token of service account default for pod {_pod.Metadata.NamespaceProperty}/p was not renewed",
            Assert.Single(_log.Texts), StringComparison.Ordinal);
        _time.Now += TimeSpan.FromSeconds(200);

        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(cache));
    }

    [Fact]
    public async Task A_pod_that_is_gone_leaves_no_token()
    {
        var cache = new TokenCache(_cluster, _time, _log);
        await GetAsync(cache);

        cache.Forget("u");

        Assert.Null(cache.NextRenewal("u"));
    }

    private Task<string> GetAsync(TokenCache cache) => cache.GetAsync(
        _pod, new V1ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = 1000 }, CancellationToken.None);

    private sealed class LogLines : ILogger
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Texts.Add(formatter(state, exception));
    }
}
