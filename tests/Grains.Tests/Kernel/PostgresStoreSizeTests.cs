using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

public sealed class PostgresStoreSizeTests
{
    [Fact]
    public async Task The_size_grows_with_what_is_stored()
    {
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        var size = new PostgresStoreSize(source);
        var before = await size.ReadAsync(default);
        Assert.InRange(before, 1_000_000, 1_000_000_000);
        await using var fill = source.CreateCommand(
            "create table filling as select repeat('x', 1000) as text from generate_series(1, 2000)");
        await fill.ExecuteNonQueryAsync();
        Assert.InRange(await size.ReadAsync(default) - before, 2_000_000, 4_000_000);
    }
}
