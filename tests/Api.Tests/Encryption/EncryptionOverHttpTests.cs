using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Encryption;

/// <summary>Encrypted Secrets over HTTP: plain to clients, and one that nobody can read stops no other.</summary>
public sealed class EncryptionOverHttpTests
{
    private const string Unreadable = "Internal error occurred: cipher: message authentication failed";

    private const string UnreadableInList =
        "Internal error occurred: unable to transform key \"/registry/secrets/shop/broken\": "
        + "cipher: message authentication failed";

    [Fact]
    public async Task AnUnreadableSecretFailsAloneAndListsNameIt()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await using (var before = await StartAsync(connection, Key("key1", 1)))
        {
            await CreateAsync(before, "/api/v1/namespaces", """{"metadata":{"name":"shop"}}""");
            await CreateAsync(before, "/api/v1/namespaces", """{"metadata":{"name":"other"}}""");
            await CreateAsync(before, Secrets("shop"), """{"metadata":{"name":"broken"}}""");
            await CreateAsync(
                before, Secrets("shop"), """{"metadata":{"name":"whole","labels":{"a":"b"}},"stringData":{"a":"b"}}""");
            await CreateAsync(before, Secrets("other"), """{"metadata":{"name":"whole"}}""");
        }

        await ExecuteAsync(
            connection,
            "update store.objects set body = set_byte(body, length(body) - 1, get_byte(body, length(body) - 1) # 1) "
            + "where name = 'broken'");
        await using var host = await StartAsync(connection, Key("key1", 1));

        Assert.Equal("Yg==", (string?)(await host.GetJsonAsync(Secrets("shop") + "/whole"))["data"]?["a"]);
        Assert.Equal((500, Unreadable), await AskAsync(host, HttpMethod.Get, Secrets("shop") + "/broken"));
        Assert.Equal((500, UnreadableInList), await AskAsync(host, HttpMethod.Get, Secrets("shop")));
        Assert.Equal((200, null), await AskAsync(host, HttpMethod.Get, Secrets("shop") + "?labelSelector=a=b"));
        Assert.Equal((200, null), await AskAsync(host, HttpMethod.Get, Secrets("other")));
        Assert.Equal(
            (500, Unreadable),
            await AskAsync(host, HttpMethod.Put, Secrets("shop") + "/broken", """{"metadata":{"name":"broken"}}"""));
        Assert.Equal((500, Unreadable), await AskAsync(host, HttpMethod.Delete, Secrets("shop") + "/broken"));
        await CreateAsync(host, Secrets("shop"), """{"metadata":{"name":"new"}}""");
        Assert.Equal((200, null), await AskAsync(host, HttpMethod.Delete, Secrets("shop") + "/whole"));
        Assert.Equal(UnreadableInList, await LastOfWatchAsync(host, Secrets("shop") + "?watch=1"));
    }

    [Fact]
    public async Task ReplacingASecretByItselfRotatesItsKey()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await using (var before = await StartAsync(connection, Key("old", 1)))
        {
            await CreateAsync(before, "/api/v1/namespaces", """{"metadata":{"name":"shop"}}""");
            await CreateAsync(before, Secrets("shop"), """{"metadata":{"name":"token"},"stringData":{"a":"b"}}""");
        }

        await using (var host = await StartAsync(connection, Key("next", 2), Key("old", 1)))
        {
            var secret = (await host.GetJsonAsync(Secrets("shop") + "/token")).ToJsonString();
            Assert.Equal((200, null), await AskAsync(host, HttpMethod.Put, Secrets("shop") + "/token", secret));
            var rewritten = (await host.GetJsonAsync(Secrets("shop") + "/token")).ToJsonString();
            Assert.NotEqual(secret, rewritten);

            Assert.Equal((200, null), await AskAsync(host, HttpMethod.Put, Secrets("shop") + "/token", rewritten));
            Assert.Equal(rewritten, (await host.GetJsonAsync(Secrets("shop") + "/token")).ToJsonString());
        }

        await ExecuteAsync(connection, "delete from store.changes");
        await StoreKeys.CheckAsync(connection, Configuration(Key("next", 2)), default);
        await using var after = await StartAsync(connection, Key("next", 2));
        Assert.Equal("Yg==", (string?)(await after.GetJsonAsync(Secrets("shop") + "/token"))["data"]?["a"]);
    }

    private static string Secrets(string space) => $"/api/v1/namespaces/{space}/secrets";

    private static EncryptionKey Key(string name, byte fill) => new(name, [.. Enumerable.Repeat(fill, 32)]);

    private static EncryptionConfiguration Configuration(params EncryptionKey[] keys)
    {
        var configuration = new EncryptionConfiguration();
        configuration.Add(["secrets"], [new ProviderKeys(EncryptionScheme.AesGcm, keys)]);
        return configuration;
    }

    /// <summary>A silo that answers: the one before it may hold the journals for a moment longer.</summary>
    private static async Task<ProtocolHost> StartAsync(string connection, params EncryptionKey[] keys)
    {
        await PostgresFixture.ForgetSilosAsync(connection);
        var host = await ProtocolHost.StartAsync(new TestSilosOptions
        {
            ConnectionString = connection, ConfigureStore = store => store.Encryption = Configuration(keys),
        });
        using var response =
            await host.Http.AnsweredAsync(static () => new HttpRequestMessage(HttpMethod.Get, Secrets("shop")));
        Assert.NotEqual(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        return host;
    }

    private static async Task CreateAsync(ProtocolHost host, string path, string json)
    {
        using var response = await host.Http.AnsweredAsync(
            () => new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(json) });
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
    }

    private static async Task<(int Code, string? Message)> AskAsync(
        ProtocolHost host, HttpMethod method, string path, string? json = null)
    {
        using var response = await host.Http.AnsweredAsync(
            () => new HttpRequestMessage(method, path) { Content = json is null ? null : Json(json) });
        var answer = JsonNode.Parse(await response.Content.ReadAsByteArrayAsync());
        return ((int)response.StatusCode, (string?)answer!["message"]);
    }

    private static async Task<string?> LastOfWatchAsync(ProtocolHost host, string path) =>
        (await host.Http.GetStringAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(static line => JsonNode.Parse(line)!).Where(static e => (string?)e["type"] == "ERROR")
        .Select(static e => (string?)e["object"]!["message"]).Single();

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
