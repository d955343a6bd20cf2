using System.Text;
using Npgsql;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>What PostgreSQL holds of a Secret, and which keys a silo must have to start on it.</summary>
public sealed class StoreKeysTests
{
    private static readonly ResourceName Secrets = new("", "secrets");
    private static readonly EncryptionKey Key = Keys.Of("key1", 1);

    [Fact]
    public async Task NothingInTheDatabaseIsPlainAndViewsShowNone()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await WriteAsync(connection, Keys.ForSecrets([Key]));

        foreach (var table in new[] { "store.objects", "store.changes" })
        {
            var count = $"select count(*) from {table} where";
            Assert.Equal(1L, await AskAsync(connection, $"{count} body like 'k8s:enc:aesgcm:v1:key1:%'"));
            Assert.Equal(0L, await AskAsync(connection, $"{count} position('hunter2'::bytea in body) > 0"));
        }

        Assert.Equal(
            "shop/token", await AskAsync(
                connection,
                "select namespace || '/' || name from kube.secrets where object is null and labels is null"));
        Assert.Equal(
            "Added",
            await AskAsync(
                connection, "select kind from kube.changes where resource = 'secrets' and object is null"));
    }

    [Fact]
    public async Task ASiloWithoutTheKeyDoesNotStart()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await StoreKeys.CheckAsync(connection, null, default);
        await WriteAsync(connection, Keys.ForSecrets([Key]));

        await StoreKeys.CheckAsync(connection, Keys.ForSecrets([Key]), default);
        await StoreKeys.CheckAsync(connection, Keys.ForSecrets([Keys.Of("next", 2), Key], null), default);
        Assert.Equal(Refusal("no key is configured"), await RefusalAsync(connection, null));
        Assert.Equal(
            Refusal("no matching key was found for the provided AES transformer"),
            await RefusalAsync(connection, Keys.ForSecrets([Keys.Of("next", 2)])));
        Assert.Equal(
            Refusal("cipher: message authentication failed"),
            await RefusalAsync(connection, Keys.ForSecrets([Keys.Of("key1", 2)])));
        var others = new EncryptionConfiguration();
        others.Add(["configmaps"], [Keys.AesGcm(Key)]);
        Assert.Equal(Refusal("the configuration does not name the resource"), await RefusalAsync(connection, others));
    }

    [Fact]
    public async Task AKeyThatNoValueNeedsMayGo()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await WriteAsync(connection, Keys.ForSecrets([Key]));
        await AskAsync(connection, "with o as (delete from store.objects) delete from store.changes");

        await StoreKeys.CheckAsync(connection, null, default);
    }

    private static string Refusal(string problem) =>
        "The store holds 1 object(s) of secrets, and 1 version(s) in the change log, that were encrypted with " +
        $"k8s:enc:aesgcm:v1:key1: and cannot be read ({problem}): start this silo with the " +
        "--encryption-provider-config of the silos that wrote them.";

    private static async Task<string> RefusalAsync(string connection, EncryptionConfiguration? configuration) =>
        (await Assert.ThrowsAsync<StoreKeyException>(
            () => StoreKeys.CheckAsync(connection, configuration, default))).Message;

    private static async Task WriteAsync(string connection, EncryptionConfiguration configuration)
    {
        await using var world = await TestSilos.StartAsync(new TestSilosOptions
        {
            ConnectionString = connection, ConfigureStore = store => store.Encryption = configuration,
        });
        var key = new ObjectKey("shop", "token");
        var written = await world.ObjectGrain(Secrets, key)
            .WriteAsync(TestObjects.Create(key, "{\"password\":\"hunter2\"}"), default);
        var cached = (await (await world.Caches.GetAsync(Secrets, default)).ConsistentAsync(default)).Get(key);
        Assert.Equal(Encoding.UTF8.GetString(written.Required.Json.Span), Encoding.UTF8.GetString(cached!.Json.Span));
        Assert.Contains("hunter2", Encoding.UTF8.GetString(cached.Json.Span), StringComparison.Ordinal);
    }

    private static async Task<object?> AskAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
