using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>What a cluster gives addresses of is noted where its objects are.</summary>
public sealed class StoreNetworksTests
{
    [Fact]
    public async Task The_silo_that_started_last_is_right()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        Assert.Null(await StoreNetworks.ReadAsync(connection, CancellationToken.None));

        await using var source = PostgresDataSources.ForOnce(connection);
        await using var once = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var nodePorts in new[] { "30000-32767", "20000-20100" })
        {
            var networks = new StoreNetworks("10.244.0.0/16", "10.96.0.0/16", nodePorts);
            await networks.NoteAsync(once, CancellationToken.None);
            Assert.Equal(networks, await StoreNetworks.ReadAsync(connection, CancellationToken.None));
        }
    }

    [Fact]
    public async Task An_empty_database_has_none() => Assert.Null(await StoreNetworks.ReadAsync(
        await PostgresFixture.CreateEmptyDatabaseAsync(), CancellationToken.None));
}
