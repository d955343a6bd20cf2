using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>A cluster that was saved while it ran, and made again in another database.</summary>
[Collection("silos")]
public sealed class BackupTests : IAsyncLifetime
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string PublishedByController = "kube-root-ca.crt";
    private const string Secrets = "/api/v1/namespaces/default/secrets";

    private static readonly StoreNetworks Networks = new("10.77.0.0/16", "10.78.0.0/16", "21000-21999");

    private readonly string _scratch = Directory.CreateTempSubdirectory("orc-backup-").FullName;
    private PostgresServer _postgres = null!;

    private string BackupFile => At("cluster.backup");

    private string Keys => At("encryption.yaml");

    public async ValueTask InitializeAsync()
    {
        // PostgreSQL's user must come to data directories in it.
        File.SetUnixFileMode(_scratch, (UnixFileMode)0x1ED);
        _postgres = await PostgresServer.StartAsync();
        EncryptionFile.Ensure(Keys);
        await File.WriteAllTextAsync(At("tokens.csv"), $"{SiloProcess.Token},admin,admin,\"system:masters\"\n");
    }

    public async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        Directory.Delete(_scratch, recursive: true);
    }

    [Fact]
    public async Task What_was_there_is_there_again_and_no_revision_comes_twice()
    {
        var old = await _postgres.CreateDatabaseAsync();
        JsonNode saved, secret, token;
        string lastSeen;
        await using (var silo = await StartAsync(old))
        {
            saved = await SendAsync(silo, HttpMethod.Post, Maps, """{"metadata":{"name":"saved"},"data":{"a":"1"}}""");
            secret = await SendAsync(
                silo, HttpMethod.Post, Secrets, """{"metadata":{"name":"hidden"},"data":{"a":"MQ=="}}""");
            token = await SendAsync(
                silo, HttpMethod.Post, "/api/v1/namespaces/default/serviceaccounts/default/token", """{"spec":{}}""");
            (await OrcAsync("backup", BackupFile, "--connection", old)).Required.ToString();
            var late = await SendAsync(silo, HttpMethod.Post, Maps, """{"metadata":{"name":"late"}}""");
            lastSeen = (string)late["metadata"]!["resourceVersion"]!;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(BackupFile));
        var fresh = await _postgres.CreateDatabaseAsync();
        var restored = await OrcAsync("restore", BackupFile, "--connection", fresh);
        Assert.Contains("encryption.yaml", restored.Required, StringComparison.Ordinal);
        await using (var silo = await StartAsync(fresh))
        {
            var list = await SendAsync(silo, HttpMethod.Get, Maps);
            var items = list["items"]!.AsArray();
            var found = items.Single(i => (string)i!["metadata"]!["name"]! != PublishedByController)!;
            AssertSame(saved["metadata"]!, found["metadata"]!);
            AssertSame(secret["data"]!, (await SendAsync(silo, HttpMethod.Get, $"{Secrets}/hidden"))["data"]!);
            var listed = Revision((string)list["metadata"]!["resourceVersion"]!);
            Assert.True(listed >= Revision(lastSeen) + (RestoredStore.Leap / 2));

            var next = await SendAsync(silo, HttpMethod.Post, Maps, """{"metadata":{"name":"next"}}""");
            Assert.True(Revision((string)next["metadata"]!["resourceVersion"]!) > listed);
            var watch = await SendAsync(
                silo, HttpMethod.Get, $"{Maps}?watch=1&timeoutSeconds=20&resourceVersion={lastSeen}");
            Assert.Equal("410", (watch["code"] ?? watch["object"]?["code"])?.ToString());

            // Issued before the backup, by the same authority.
            var spec = new JsonObject { ["token"] = (string)token["status"]!["token"]! };
            var review = new JsonObject { ["spec"] = spec }.ToJsonString();
            var reviewed = await SendAsync(
                silo, HttpMethod.Post, "/apis/authentication.k8s.io/v1/tokenreviews", review);
            Assert.True((bool)reviewed["status"]!["authenticated"]!);
        }

        Assert.Equal(Networks, await StoreNetworks.ReadAsync(fresh, TestContext.Current.CancellationToken));
        await IntoADataDirectoryAsync(At("again"));
        var refused = await OrcAsync("restore", BackupFile, "--connection", fresh);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("holds a cluster already", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_backup_leaves_the_database_empty_and_a_failed_one_the_file_as_it_was()
    {
        var empty = await _postgres.CreateDatabaseAsync();
        await File.WriteAllTextAsync(BackupFile, "no backup");

        var refused = await OrcAsync("restore", BackupFile, "--connection", empty);
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith("orc: pg_restore failed", refused.Errors, StringComparison.Ordinal);
        Assert.False(await RestoredStore.IsThereAsync(empty, TestContext.Current.CancellationToken));

        // A data directory is as it was.
        var (none, there) = (At("none"), Directory.CreateDirectory(At("there")).FullName);
        foreach (var root in new[] { none, there })
        {
            var failed = await OrcAsync("restore", BackupFile, "--data-dir", root);
            Assert.Equal(1, failed.ExitCode);
            Assert.StartsWith("orc: pg_restore failed", failed.Errors, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(none));
        Assert.Empty(Directory.GetFileSystemEntries(there));

        var missing = await OrcAsync("restore", At("missing"), "--connection", empty);
        Assert.Equal((1, $"orc: {At("missing")} does not exist."), (missing.ExitCode, missing.Errors.Trim()));

        var nowhere = await OrcAsync("backup", BackupFile, "--connection", _postgres.ConnectionStringFor("nowhere"));
        Assert.Equal(1, nowhere.ExitCode);
        Assert.StartsWith("orc: pg_dump failed", nowhere.Errors, StringComparison.Ordinal);
        var astray = await OrcAsync("backup", At("none/file"), "--connection", empty);
        Assert.Equal(
            (1, $"orc: There is no directory {none} for the backup."), (astray.ExitCode, astray.Errors.Trim()));
        Assert.Equal("no backup", await File.ReadAllTextAsync(BackupFile, TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFiles(_scratch, "cluster.backup*"));
    }

    /// <summary>
    /// The cluster keeps its networks, and is not given other keys than those that it was written with.
    /// </summary>
    private async Task IntoADataDirectoryAsync(string root)
    {
        var restored = (await OrcAsync("restore", BackupFile, "--data-dir", root)).Required;
        Assert.Contains(
            $"the saved cluster's encryption.yaml to {root}/encryption.yaml.", restored, StringComparison.Ordinal);
        Assert.Contains($"'orc up --data-dir {root}' runs the cluster.", restored, StringComparison.Ordinal);
        var share = MachineShare.Load(root)!;
        Assert.Equal(Networks, new StoreNetworks(share.PodCidr, share.ServiceCidr, share.NodePorts));

        var (port, siloPort) = (FreePort(), FreePort());
        var refused = await OrcAsync(
            "up", "--yes", "--hollow-nodes", "1", "--data-dir", root, "--port", port, "--silo-port", siloPort);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            $"{root}/encryption.yaml, which has their keys, is missing", refused.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(root, "encryption.yaml")));
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    private static void AssertSame(JsonNode expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"{expected}\n{actual}");

    private static long Revision(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static Task<Ended> OrcAsync(params string[] arguments) => Tools.RunAsync(SiloProcess.Program, arguments);

    private static async Task<JsonNode> SendAsync(SiloProcess silo, HttpMethod method, string path, string? body = null)
    {
        using var http = FailoverProbe.Client();
        using var answer = await http.AnsweredAsync(() => new HttpRequestMessage(method, new Uri(silo.Url, path))
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", SiloProcess.Token) },
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.Gone, text);
        return JsonNode.Parse(text) ?? throw new InvalidOperationException(text);
    }

    private Task<SiloProcess> StartAsync(string connection) => SiloProcess.StartAsync(
        connection, At("tokens.csv"), new SiloPlace("127.0.0.1", "127.0.0.1", 0),
        "--encryption-provider-config", Keys, "--cluster-cidr", Networks.Pods, "--service-cidr", Networks.Services,
        "--node-port-range", Networks.NodePorts);

    private string At(string name) => Path.Combine(_scratch, name);
}
