using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Encryption;

/// <summary>Keys change while three silos serve and write, and what is not to be used is not.</summary>
public sealed class EncryptionReloadTests : IDisposable
{
    private const string Secrets = "/api/v1/namespaces/shop/secrets";
    private const int Silos = 3;
    private const int Accounts = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("orc-keys-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AKeyIsReplacedOnAllSilosWithoutLosingARequest()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await using var host = await StartAsync(connection, Silos);
        using var end = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Accounts).Select(i => WriteAsync(host, $"s{i}", end.Token)).ToList();

        await UseAsync(host, connection, Keyfile("key1", "key2"));
        await UseAsync(host, connection, Keyfile("key2", "key1"));
        await Task.WhenAll(writers.Select((_, i) => UntilBegunAsync(connection, $"s{i}", "key2")));
        await end.CancelAsync();

        Assert.All(await Task.WhenAll(writers), static codes => Assert.All(
            codes, static code => Assert.InRange((int)code, 200, 201)));
        for (var silo = 0; silo < Silos; silo++)
        {
            var cache = await host.Silos.CachesOf(silo).GetAsync(WellKnown.Secrets, Cancellation);
            var items = (await cache.ConsistentAsync(Cancellation)).Range("shop").ToList();
            Assert.Equal(Accounts, items.Count);
            Assert.All(items, static i => Assert.Null(i.Stored?.Problem));
        }
    }

    [Fact]
    public async Task AFileIsFollowedAndABadOneIsRefused()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        await using var host = await StartAsync(connection, silos: 1);
        Assert.Equal(HttpStatusCode.Created, await SendAsync(host, HttpMethod.Post, Secrets, Body("s", "1")));
        var path = Path.Combine(_folder, "encryption.yaml");
        await File.WriteAllTextAsync(path, Keyfile("key1"), Cancellation);
        var (time, outcomes) = (new ManualTime(), new Outcomes());
        var metrics = new ReloadMetrics(host.Services.GetRequiredService<IMeterFactory>());
        using var follower = Follower(host, connection, path, time, outcomes, metrics);
        await follower.StartAsync(Cancellation);

        // Nobody may take a key away that values need, nor write what cannot be read.
        foreach (var (text, problem) in new[]
        {
            ("{}", "this is no EncryptionConfiguration of apiserver.config.k8s.io/v1"),
            (Keyfile("key2"), "cannot be read (no matching key was found for the provided AES transformer)"),
        })
        {
            Replace(path, text);
            Assert.Contains(problem, await outcomes.NextAsync(o => o.Contains(problem, StringComparison.Ordinal)),
                StringComparison.Ordinal);
            Assert.Equal(
                HttpStatusCode.OK, await SendAsync(host, HttpMethod.Put, $"{Secrets}/s", Body("s", text[..1])));
        }

        // The same content is looked at again, as what was wrong may have been elsewhere.
        time.Advance(TimeSpan.FromMinutes(1));
        await outcomes.NextAsync(static o => o.Length > 0);

        Replace(path, Keyfile("key2", "key1"));
        await outcomes.NextAsync(static o => o.Length == 0);
        await follower.StopAsync(Cancellation);

        // What was written before the change is written anew when its writer says so, though it is the same.
        var secret = (await host.GetJsonAsync($"{Secrets}/s")).ToJsonString();
        Assert.Equal(HttpStatusCode.OK, await SendAsync(host, HttpMethod.Put, $"{Secrets}/s", secret));
        Assert.StartsWith("k8s:enc:aesgcm:v1:key2:", await StoredAsync(connection, "s"), StringComparison.Ordinal);
        var shown = await host.Http.GetStringAsync("/metrics", Cancellation);
        Assert.Contains(
            "apiserver_encryption_config_controller_automatic_reloads_total{status=\"success\"} 1\n", shown,
            StringComparison.Ordinal);
        Assert.Contains(
            "apiserver_encryption_config_controller_last_config_info{hash=\"sha256:", shown, StringComparison.Ordinal);
        Assert.Contains(
            "apiserver_storage_transformation_operations_total{resource=\"secrets\",transformation_type=\"to_storage\","
                + "transformer_prefix=\"k8s:enc:aesgcm:v1:\",status=\"OK\"}",
            shown, StringComparison.Ordinal);
        Assert.Contains("apiserver_storage_transformation_duration_seconds_bucket", shown, StringComparison.Ordinal);
    }

    private static FileFollower Follower(
        ProtocolHost host, string connection, string path, TimeProvider time, Outcomes outcomes, ReloadMetrics metrics)
    {
        var reload = Reload(host, connection, silo: 0);
        return new FileFollower(
            new FollowedFile(path, "encryption_config", File.ReadAllBytes(path), async (content, token) =>
            {
                var problem = await reload.UseAsync(content, token);
                outcomes.Add(problem ?? "");
                if (problem is not null)
                {
                    throw new ConfigurationException(problem);
                }
            })
            {
                TriesAgain = true,
            },
            metrics, time, NullLogger<FileFollower>.Instance);
    }

    private static async Task<ProtocolHost> StartAsync(string connection, int silos)
    {
        var host = await ProtocolHost.StartAsync(new TestSilosOptions
        {
            Silos = silos,
            ConnectionString = connection,
            ConfigureStore = static store =>
                store.Encryption = EncryptionConfigurationReader.Read(Encoding.UTF8.GetBytes(Keyfile("key1"))),
        });
        Assert.Equal(
            HttpStatusCode.Created,
            await SendAsync(host, HttpMethod.Post, "/api/v1/namespaces", """{"metadata":{"name":"shop"}}"""));
        return host;
    }

    private static async Task UseAsync(ProtocolHost host, string connection, string file)
    {
        for (var silo = 0; silo < Silos; silo++)
        {
            Assert.Null(await Reload(host, connection, silo).UseAsync(Encoding.UTF8.GetBytes(file), Cancellation));
        }
    }

    private static EncryptionReload Reload(ProtocolHost host, string connection, int silo) => new(
        host.Silos.ServicesOf(silo).GetRequiredService<EncryptionInUse>(), connection, TimeProvider.System);

    /// <summary>A file with keys, of which the first writes.</summary>
    private static string Keyfile(params string[] keys) =>
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n"
        + $"  providers: [{{aesgcm: {{keys: [{string.Join(", ", keys.Select(Key))}]}}}}, {{identity: {{}}}}]\n";

    private static string Key(string name) =>
        $"{{name: {name}, secret: {Convert.ToBase64String(Encoding.ASCII.GetBytes(name.PadRight(32, '.')))}}}";

    private static async Task<List<HttpStatusCode>> WriteAsync(
        ProtocolHost host, string name, CancellationToken end)
    {
        List<HttpStatusCode> codes = [await SendAsync(host, HttpMethod.Post, Secrets, Body(name, "first"))];
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            codes.Add(await SendAsync(host, HttpMethod.Put, $"{Secrets}/{name}", Body(name, $"{i}")));
        }

        return codes;
    }

    private static string Body(string name, string text) =>
        $$"""{"metadata":{"name":"{{name}}"},"stringData":{"a":"{{text}}"} }""";

    private static async Task<HttpStatusCode> SendAsync(ProtocolHost host, HttpMethod method, string path, string json)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        using var response = await host.Http.SendAsync(request, CancellationToken.None);
        return response.StatusCode;
    }

    private static Task UntilBegunAsync(string connection, string name, string key) => Patiently.UntilAsync(
        Patience, async _ => (await StoredAsync(connection, name)).StartsWith(
            $"k8s:enc:aesgcm:v1:{key}:", StringComparison.Ordinal));

    private static async Task<string> StoredAsync(string connection, string name)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(
            "select body from store.objects where resource = 'secrets' and name = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return await command.ExecuteScalarAsync(Cancellation) is byte[] body ? Encoding.Latin1.GetString(body) : "";
    }

    private static void Replace(string path, string text)
    {
        File.WriteAllText($"{path}.new", text);
        File.Move($"{path}.new", path, overwrite: true);
    }

    /// <summary>What came of each attempt: nothing, or what was wrong.</summary>
    private sealed class Outcomes
    {
        private readonly Channel<string> _all = Channel.CreateUnbounded<string>();

        public void Add(string outcome) => Assert.True(_all.Writer.TryWrite(outcome));

        public async Task<string> NextAsync(Func<string, bool> isWanted)
        {
            while (true)
            {
                var next = await _all.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation);
                if (isWanted(next))
                {
                    return next;
                }
            }
        }
    }
}
