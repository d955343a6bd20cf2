using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

/// <summary>How wide requests are in seats.</summary>
public sealed class WorkEstimatorTests(WorkEstimatorTests.World world) : IClassFixture<WorkEstimatorTests.World>
{
    private const int Few = 5;
    private const int Many = 25;
    private const int Bytes = 149_000;

    [Theory]
    [InlineData("/api/v1/namespaces/few/configmaps", "", 10, 8)]
    [InlineData("/api/v1/namespaces/few/configmaps", "?limit=1", 10, 2)]
    [InlineData("/api/v1/namespaces/few/configmaps", "?limit=3", 10, 5)]
    [InlineData("/api/v1/namespaces/few/configmaps", "", 2, 2)]
    [InlineData("/api/v1/namespaces/few/configmaps", "?fieldSelector=metadata.name=c1", 10, 2)]
    [InlineData("/api/v1/namespaces/few/configmaps", "?fieldSelector=metadata.name=c1&limit=9", 10, 2)]
    [InlineData("/api/v1/namespaces/none/configmaps", "?fieldSelector=metadata.name=c1", 10, 1)]
    [InlineData("/api/v1/namespaces/none/configmaps", "", 10, 1)]
    [InlineData("/api/v1/configmaps", "", 100, 10)]
    [InlineData("/api/v1/configmaps", "?watch=1", 100, 1)]
    [InlineData("/api/v1/configmaps", "?watch=1&sendInitialEvents=true", 100, 10)]
    [InlineData("/api/v1/configmaps", "?watch=1&sendInitialEvents=false", 100, 1)]
    [InlineData("/api/v1/namespaces/none/configmaps", "?limit=invalid", 100, 10)]
    [InlineData("/api/v1/namespaces/none/configmaps", "?limit=invalid", 3, 3)]
    [InlineData("/api/v1/namespaces/none/configmaps", "?watch=1&timeoutSeconds=invalid", 100, 10)]
    [InlineData("/api/v1/namespaces/few/configmaps", "?limit=-1", 10, 8)]
    [InlineData("/api/v1/namespaces/few/configmaps/c1", "", 10, 1)]
    [InlineData("/no/such/path", "", 10, 1)]
    public void AListTakesASeatForSoManyBytes(string path, string query, int maxSeats, int seats)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new QueryString(query);
        var request = RequestInfoReader.Read(
            "GET", path, query.StartsWith("?watch", StringComparison.Ordinal), context.Request.Query["fieldSelector"])
            .Required;
        var estimate = world.Host.Services.GetRequiredService<WorkEstimator>().Estimate(
            context.Request, request, maxSeats);
        Assert.Equal(new SeatEstimate(seats), estimate);
    }

    /// <summary>A server that has something.</summary>
    public sealed class World : IAsyncLifetime
    {
        internal ProtocolHost Host { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Host = await ProtocolHost.StartAsync();
            var data = $$"""{"d":"{{new string('x', Bytes)}}"}""";
            foreach (var (space, count) in new[] { ("few", Few), ("many", Many) })
            {
                for (var i = 0; i < count; i++)
                {
                    await Host.PutAsync(new ObjectKey(space, $"c{i}"), "{}", data);
                }
            }

            var cache = await Host.Caches.GetAsync(WellKnown.ConfigMaps, CancellationToken.None);
            await cache.ConsistentAsync(CancellationToken.None);
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
