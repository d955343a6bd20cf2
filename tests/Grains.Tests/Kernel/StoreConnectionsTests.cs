using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>A silo's connections to PostgreSQL have a bound, and are checked against what the server takes.</summary>
public sealed class StoreConnectionsTests
{
    private static readonly StoreConnections Few = new(6);

    [Theory]
    [InlineData(5, 1, 2)]
    [InlineData(18, 9, 6)]
    [InlineData(100, 62, 33)]
    public void The_pools_share_what_the_silo_may_hold(int total, int journals, int orleans)
    {
        var connections = new StoreConnections(total);
        Assert.Equal((journals, orleans), (connections.Journals, connections.Orleans));
        Assert.Equal(total, connections.Journals + connections.Orleans + connections.Logs + 1);
    }

    [Fact]
    public async Task However_many_calls_there_are_at_once_the_server_sees_no_more_connections()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await using var journals = PostgresDataSources.ForJournals(connection, Few);
        await using var orleans = NpgsqlDataSource.Create(PostgresDataSources.ForOrleans(connection, Few));
        var counts = await Task.WhenAll(
            Enumerable.Range(0, 60).Select(i => CountAsync(i % 2 == 0 ? journals : orleans)));
        Assert.InRange(counts.Max(), 2, Few.Total);
    }

    [Fact]
    public async Task A_server_without_room_is_refused_with_the_figures_and_the_option_that_helps()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await using (var source = NpgsqlDataSource.Create(connection))
        {
            var name = new NpgsqlConnectionStringBuilder(connection).Database;
            await using var command = source.CreateCommand($"alter database \"{name}\" connection limit 5");
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var refused = await Assert.ThrowsAsync<StoreVersionException>(() => CheckAsync(connection));
        Assert.Matches(
            @"^PostgreSQL takes 5 connections, of which \d+ are in use, and a silo needs up to 6: .*--store-connections\.$", refused.Message);
    }

    [Fact]
    public async Task A_server_with_room_says_how_much()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        var room = await CheckAsync(connection);
        Assert.True(room.Limit > 50, $"{room}");
        Assert.Equal(0, room.Silos);
    }

    private static async Task<ConnectionRoom> CheckAsync(string connectionString)
    {
        await using var source = PostgresDataSources.ForOnce(connectionString);
        await using var once = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return await Few.CheckAsync(once, TestContext.Current.CancellationToken);
    }

    /// <summary>How many sessions there are in the database while this one holds one of them for a moment.</summary>
    private static async Task<long> CountAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand(
            "select count(*), pg_sleep(0.05) from pg_stat_activity where datname = current_database()");
        return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
