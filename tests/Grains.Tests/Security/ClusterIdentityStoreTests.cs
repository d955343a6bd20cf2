using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Serialization;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Security;

/// <summary>A cluster has one identity, whoever asks first, and keeps it.</summary>
public sealed class ClusterIdentityStoreTests
{
    private const int Silos = 8;

    private readonly Serializer _serializer =
        new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer>();

    [Fact]
    public async Task Silos_that_start_together_on_an_empty_database_agree()
    {
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());

        var identities =
            await Task.WhenAll(Enumerable.Range(0, Silos).Select(_ => Store(source).GetAsync(CancellationToken.None)));

        Assert.Single(identities.Distinct());
        Assert.Equal(identities[0], await Store(source).GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_identity_that_the_first_release_kept_as_a_grains_state_is_taken_over()
    {
        var known = ClusterIdentity.Create(TimeProvider.System.GetUtcNow());
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        await using var insert = source.CreateCommand(
            """
            insert into orleans.grain_storage (grain_id_hash, grain_type_hash, grain_id_n0, grain_id_n1, grain_type, grain_id_extension,
                service_id, payload, version) values (1, 2, 0, 0, 'identity', 'cluster', 'orc', $1, 1)
            """);
        insert.Parameters.Add(new NpgsqlParameter
        {
            Value = _serializer.SerializeToArray(new ClusterIdentityState
            {
                ClusterId = known.ClusterId,
                AuthorityPem = known.AuthorityPem,
                AuthorityKeyPem = known.AuthorityKeyPem,
                TokenKeyId = known.TokenKeyId,
                TokenKeyPem = known.TokenKeyPem,
            }),
        });
        await insert.ExecuteNonQueryAsync();

        var found = await Store(source).GetAsync(CancellationToken.None);
        Assert.Equal(Proxied(known, found), found);
    }

    [Fact]
    public async Task An_identity_of_before_gets_an_authority_for_proxies_and_keeps_all_else()
    {
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        var before = await Store(source).GetAsync(CancellationToken.None);
        await using var forget = source.CreateCommand(
            "update store.identity set proxy_authority = null, proxy_authority_key = null");
        await forget.ExecuteNonQueryAsync();

        var identities =
            await Task.WhenAll(Enumerable.Range(0, Silos).Select(_ => Store(source).GetAsync(CancellationToken.None)));

        var after = Assert.Single(identities.Distinct());
        Assert.NotEqual(before, after);
        Assert.Equal(Proxied(before, after), after);
    }

    private static ClusterIdentity Proxied(ClusterIdentity identity, ClusterIdentity by) => identity with
    {
        ProxyAuthorityPem = by.ProxyAuthorityPem, ProxyAuthorityKeyPem = by.ProxyAuthorityKeyPem,
    };

    private PostgresClusterIdentityStore Store(NpgsqlDataSource source) =>
        new(source, _serializer, TimeProvider.System);
}
