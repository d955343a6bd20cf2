using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Serialization;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Security;

/// <summary>Keys of tokens are kept, and several keepers of them do no harm to each other.</summary>
public sealed class TokenKeyStoreTests
{
    private readonly ShiftedTime _time = new();

    [Fact]
    public async Task AClusterBeginsWithTheKeyOfItsIdentityAndNotesWhatItSigns()
    {
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        var identity = await Identity(source).GetAsync(CancellationToken.None);

        var first = Assert.Single(await Store(source).ReadAsync(CancellationToken.None));
        Assert.Equal((identity.TokenKeyId, identity.TokenKeyPem), (first.Id, first.Pem));
        Assert.Equal(SigningKey.Nothing, first.LastExpiry);

        var expires = _time.GetUtcNow().AddDays(1);
        await Signer(source).SignAsync(
            new TokenSigning { Claims = "{}"u8.ToArray(), Expires = expires }, CancellationToken.None);
        Assert.InRange(
            Assert.Single(await Store(source).ReadAsync(CancellationToken.None)).LastExpiry, expires,
            expires.AddHours(2));

        await Signer(source).SignAsync(new TokenSigning { Claims = "{}"u8.ToArray() }, CancellationToken.None);
        Assert.Equal(
            SigningKey.Endless, Assert.Single(await Store(source).ReadAsync(CancellationToken.None)).LastExpiry);
    }

    [Fact]
    public async Task AKeyThatSignsMeanwhileIsNotForgotten()
    {
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        var store = Store(source);
        var seen = Assert.Single(await store.ReadAsync(CancellationToken.None));
        Assert.True(await store.ExtendAsync(seen.Id, _time.GetUtcNow().AddHours(1), CancellationToken.None));

        await store.RemoveAsync(seen, CancellationToken.None);

        var kept = Assert.Single(await store.ReadAsync(CancellationToken.None));
        await store.AddAsync(TokenKeyRing.Create(_time.GetUtcNow()), CancellationToken.None);
        await store.RemoveAsync(kept, CancellationToken.None);
        Assert.NotEqual(seen.Id, Assert.Single(await store.ReadAsync(CancellationToken.None)).Id);
        Assert.False(await store.ExtendAsync(seen.Id, _time.GetUtcNow(), CancellationToken.None));
    }

    [Fact]
    public async Task AKeeperThatDoesNotKnowOfANewKeySignsWithOneThatIsKept()
    {
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        var (one, other) = (Signer(source), Signer(source));
        await one.SignAsync(Order(hours: 1), CancellationToken.None);
        await other.SignAsync(Order(hours: 1), CancellationToken.None);

        _time.Advance(TimeSpan.FromDays(90));
        await one.KeepAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromDays(1));
        var keys = await one.KeepAsync(CancellationToken.None);

        // The first key is gone, and the other keeper has not looked since.
        var key = Assert.Single(keys);
        var token = await other.SignAsync(Order(hours: 1), CancellationToken.None);
        var header = System.Text.Encoding.ASCII.GetString(
            System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0]));
        Assert.Equal($$"""{"alg":"ES256","kid":"{{key.Id}}"}""", header);
    }

    private TokenSigning Order(int hours) =>
        new() { Claims = "{}"u8.ToArray(), Expires = _time.GetUtcNow().AddHours(hours) };

    private TokenSigner Signer(NpgsqlDataSource source) =>
        new(Store(source), new TokenKeyOptions(), _time, NullLogger<TokenSigner>.Instance);

    private PostgresTokenKeyStore Store(NpgsqlDataSource source) => new(source, Identity(source), _time);

    private PostgresClusterIdentityStore Identity(NpgsqlDataSource source) => new(
        source, new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer>(), _time);
}
