using System.Net;
using Npgsql;
using Orleans.Runtime;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>Where journals are: one place each, whoever asks, until that place is given up.</summary>
public sealed class PostgresGrainDirectoryTests : IAsyncLifetime
{
    private const int Rivals = 8;
    private static readonly GrainId Journal = GrainId.Create("journal", "apps/deployments");

    private NpgsqlDataSource _source = null!;
    private PostgresGrainDirectory _directory = null!;

    public async ValueTask InitializeAsync()
    {
        _source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        _directory = new PostgresGrainDirectory(_source);
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Fact]
    public void Only_journals_are_kept_here()
    {
        Assert.True(_directory.TryResolveGrainDirectory(Journal.Type, null, out _));
        Assert.False(_directory.TryResolveGrainDirectory(GrainType.Create("object"), null, out _));
    }

    [Fact]
    public async Task Of_those_who_register_together_one_wins_and_all_are_told()
    {
        var winners = await Task.WhenAll(Enumerable.Range(1, Rivals).Select(port => _directory.Register(At(port))));

        var winner = Assert.Single(winners.Distinct());
        Assert.Equal(winner, await _directory.Lookup(Journal));
    }

    [Fact]
    public async Task Only_who_knows_the_last_place_may_move_it()
    {
        var (first, second, third) = (At(1), At(2), At(3));
        await _directory.Register(first);

        Assert.Equal(second, await _directory.Register(second, first));
        Assert.Equal(second, await _directory.Register(third, first));
        await _directory.Unregister(first);
        Assert.Equal(second, await _directory.Lookup(Journal));
        await _directory.Unregister(second);
        Assert.Null(await _directory.Lookup(Journal));
    }

    [Fact]
    public async Task A_dead_silo_is_forgotten()
    {
        var address = At(1);
        await _directory.Register(address);

        await _directory.UnregisterSilos([address.SiloAddress!]);

        Assert.Null(await _directory.Lookup(Journal));
    }

    private static GrainAddress At(int port) => new()
    {
        GrainId = Journal,
        ActivationId = ActivationId.NewId(),
        SiloAddress = SiloAddress.New(IPAddress.Loopback, port, 7),
        MembershipVersion = new MembershipVersion(42),
    };
}
