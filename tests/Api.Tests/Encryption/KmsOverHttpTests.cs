using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Encryption.Kms;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Encryption;

/// <summary>Secrets encrypted by a plugin over HTTP, while it rotates, is away and comes back.</summary>
public sealed class KmsOverHttpTests : IAsyncLifetime
{
    private const string Secrets = "/api/v1/namespaces/shop/secrets";
    private const string Prefix = "k8s:enc:kms:v2:vault:";

    private readonly ManualTime _time = new();
    private FakeKms _kms = null!;
    private string _connection = "";

    public async ValueTask InitializeAsync() =>
        (_kms, _connection) = (await FakeKms.StartAsync(), await PostgresFixture.CreateDatabaseAsync());

    public ValueTask DisposeAsync() => _kms.DisposeAsync();

    [Fact]
    public async Task AKeyThatChangesWritesWhatIsReplacedByItself()
    {
        using var configuration = Configuration();
        await using (var host = await StartAsync(configuration))
        {
            await MakeAsync(host);
            Assert.StartsWith(Prefix, await BodyAsync("objects"), StringComparison.Ordinal);
            Assert.StartsWith(Prefix, await BodyAsync("changes"), StringComparison.Ordinal);
            Assert.Contains("key-1", await BodyAsync("objects"), StringComparison.Ordinal);
            var before = (await host.GetJsonAsync(Secrets + "/token")).ToJsonString();
            Assert.Equal(before, await ReplaceAsync(host, before));

            _kms.KeyId = "key-2";
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.Null(await configuration.CheckPluginsAsync(default));
            var after = await ReplaceAsync(host, before);

            Assert.NotEqual(before, after);
            Assert.Contains("key-2", await BodyAsync("objects"), StringComparison.Ordinal);
            Assert.Equal(after, await ReplaceAsync(host, after));
        }

        await ExecuteAsync("delete from store.changes");
        _kms.Lose("key-1");
        await StoreKeys.CheckAsync(_connection, configuration, default);
        using var next = Configuration();
        await using var restarted = await StartAsync(next);
        var read = await restarted.GetJsonAsync(Secrets + "/token");
        Assert.True((string?)read["data"]?["a"] == "Yg==", read.ToJsonString());
    }

    [Fact]
    public async Task WithoutThePluginWritesAreRefusedAfterAWhileAndReadsGoOn()
    {
        using var configuration = Configuration();
        await using var host = await StartAsync(configuration);
        await MakeAsync(host);
        await _kms.StopAsync();
        _time.Advance(TimeSpan.FromMinutes(4));

        var (code, answer) = await SendAsync(host, HttpMethod.Post, Secrets, """{"metadata":{"name":"late"}}""");
        Assert.Equal(HttpStatusCode.InternalServerError, code);
        Assert.StartsWith(
            "Internal error occurred: encryptedDEKSource with keyID hash \"sha256:", (string?)answer["message"],
            StringComparison.Ordinal);
        Assert.Equal("Yg==", (string?)(await host.GetJsonAsync(Secrets + "/token"))["data"]?["a"]);
        Assert.NotNull(await configuration.CheckPluginsAsync(default));

        await _kms.ListenAsync();
        Assert.Equal(HttpStatusCode.Created, await UntilAsync(HttpStatusCode.Created, async () =>
        {
            await configuration.CheckPluginsAsync(default);
            return (await SendAsync(host, HttpMethod.Post, Secrets, """{"metadata":{"name":"late"}}""")).Code;
        }));
    }

    [Fact]
    public async Task ASiloThatStartsWithoutThePluginReadsSecretsWhenItComes()
    {
        using (var configuration = Configuration())
        {
            await using var before = await StartAsync(configuration);
            await MakeAsync(before);
        }

        await _kms.StopAsync();
        using var later = Configuration();
        await StoreKeys.CheckAsync(_connection, later, default);
        await using var host = await StartAsync(later);
        using (var refused = await host.Http.GetAsync(Secrets + "/token"))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
        }

        await _kms.ListenAsync();
        Assert.Equal(HttpStatusCode.OK, await UntilAsync(HttpStatusCode.OK, async () =>
        {
            using var response = await host.Http.GetAsync(Secrets + "/token");
            return response.StatusCode;
        }));
        Assert.Equal("Yg==", (string?)(await host.GetJsonAsync(Secrets + "/token"))["data"]?["a"]);
    }

    /// <summary>Connections and caches try again in their own time.</summary>
    private async Task<HttpStatusCode> UntilAsync(HttpStatusCode wanted, Func<Task<HttpStatusCode>> ask)
    {
        HttpStatusCode code;
        var attempts = 0;
        do
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            code = await ask();
        }
        while (code != wanted && ++attempts < 1000);

        return code;
    }

    private EncryptionConfiguration Configuration()
    {
        var configuration = new EncryptionConfiguration(_time);
        configuration.Add(["secrets"], [new KmsSettings("vault", _kms.Socket, TimeSpan.FromMinutes(1)), null]);
        return configuration;
    }

    private async Task<ProtocolHost> StartAsync(EncryptionConfiguration configuration)
    {
        await PostgresFixture.ForgetSilosAsync(_connection);
        return await ProtocolHost.StartAsync(new TestSilosOptions
        {
            ConnectionString = _connection, ConfigureStore = store => store.Encryption = configuration,
        });
    }

    private static async Task MakeAsync(ProtocolHost host)
    {
        await SendAsync(host, HttpMethod.Post, "/api/v1/namespaces", """{"metadata":{"name":"shop"}}""");
        var (code, answer) = await SendAsync(
            host, HttpMethod.Post, Secrets, """{"metadata":{"name":"token"},"stringData":{"a":"b"}}""");
        Assert.True(code == HttpStatusCode.Created, answer.ToJsonString());
    }

    private static async Task<string> ReplaceAsync(ProtocolHost host, string json)
    {
        var (code, _) = await SendAsync(host, HttpMethod.Put, Secrets + "/token", json);
        Assert.Equal(HttpStatusCode.OK, code);
        return (await host.GetJsonAsync(Secrets + "/token")).ToJsonString();
    }

    private static async Task<(HttpStatusCode Code, JsonNode Answer)> SendAsync(
        ProtocolHost host, HttpMethod method, string path, string json)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        using var response = await host.Http.SendAsync(request);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsByteArrayAsync())!);
    }

    /// <summary>What a table of the store has of the Secret.</summary>
    private async Task<string> BodyAsync(string table)
    {
        await using var source = NpgsqlDataSource.Create(_connection);
        await using var command = source.CreateCommand(
            $"select body from store.{table} where resource = 'secrets' and name = 'token' order by revision desc");
        return Encoding.Latin1.GetString((byte[])(await command.ExecuteScalarAsync())!);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_connection);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
