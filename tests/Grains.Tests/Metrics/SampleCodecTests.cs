using CsCheck;
using Npgsql;
using OrleansOrchestrator.Grains.Metrics;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Metrics;

public sealed class SampleCodecTests
{
    private const long Most = 1L << 60;

    private static readonly Gen<long?> Value = Gen.Frequency(
        (2, Gen.Const((long?)null)),
        (4, Gen.Int[0, 3].Select(static i => (long?)i)),
        (3, Gen.Int[0, 100_000].Select(static i => (long?)i)),
        (1, Gen.Long[-Most, Most].Select(static i => (long?)i)));

    // Each value some times, so that there are runs.
    private static readonly Gen<long?[]> Columns = Gen.Select(Value, Gen.Int[1, 9]).Array[0, 60].Select(
        static parts => parts.SelectMany(static p => Enumerable.Repeat(p.Item1, p.Item2)).ToArray());

    [Fact]
    public void WhatIsPackedIsUnpacked() => Columns.Check(static column =>
    {
        var back = new long?[column.Length];
        SampleCodec.Decode(SampleCodec.Encode(column), back);
        Assert.Equal(column, back);
    });

    /// <summary>The view that people ask in SQL reads what we write.</summary>
    [Fact]
    public async Task TheDatabaseUnpacksTheSame()
    {
        await using var source = NpgsqlDataSource.Create(await PostgresFixture.CreateDatabaseAsync());
        await Columns.CheckAsync(
            async column =>
            {
                await using var command = source.CreateCommand("select store.metric_values($1, $2)");
                command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SampleCodec.Encode(column) });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = column.Length });
                await using var reader = await command.ExecuteReaderAsync();
                Assert.True(await reader.ReadAsync());
                Assert.Equal(column, reader.GetFieldValue<long?[]>(0));
            },
            cases: 100, threads: 1);
    }

    [Fact]
    public void WhatDoesNotChangeTakesNothing()
    {
        var still = Enumerable.Repeat((long?)70_000, 240).ToArray();
        Assert.InRange(SampleCodec.Encode(still).Length, 1, 8);
        Assert.Empty(SampleCodec.Encode(new long?[240]));
    }

    [Fact]
    public void WhateverBytesThereAreNothingBreaks() => Gen.Select(Gen.Byte.Array[0, 50], Gen.Int[0, 40]).Check(
        static c => SampleCodec.Decode(c.Item1, new long?[c.Item2]));
}
