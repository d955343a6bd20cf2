using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using OrleansOrchestrator.Grains.Audit;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>The questions of <c>docs/sql.md</c>, each asked of a small cluster that has an answer to it.</summary>
public sealed partial class SqlQuestionsTests : IAsyncLifetime
{
    private NpgsqlDataSource _source = null!;

    [Fact]
    public async Task EachQuestionHasItsAnswer()
    {
        var questions = Question().Matches(await File.ReadAllTextAsync(Repository.PathOf("docs", "sql.md")))
            .ToDictionary(static m => m.Groups[1].Value, static m => m.Groups[2].Value);
        foreach (var (title, expected) in Answers)
        {
            Assert.True(questions.Remove(title, out var question), title);
            Assert.Equal(expected, await AskAsync(question));
        }

        Assert.Empty(questions.Keys);
    }

    /// <summary>
    /// The role of the same page, made as it stands there, looks for a Secret's content in all that it may read.
    /// </summary>
    [Fact]
    public async Task WhoMayReadSeesNoSecret()
    {
        const string Content = "Z2Vlaw==";
        var role = $"reader_{Guid.CreateVersion7():N}";
        var page = await File.ReadAllTextAsync(Repository.PathOf("docs", "sql.md"));
        var making = Role().Match(page).Value.Replace("reader", role, StringComparison.Ordinal);
        await using var connection = await _source.OpenConnectionAsync();
        await ExecuteAsync(connection, making);
        try
        {
            await ExecuteAsync(connection, $"set role {role}");
            var readable = await ColumnAsync(
                connection,
                "select relname from pg_class where relnamespace = 'kube'::regnamespace "
                + "and has_table_privilege(oid, 'select')");
            Assert.Superset(
                new HashSet<string> { "pods", "configmaps", "deletions", "metrics" }, readable.ToHashSet());
            foreach (var view in readable)
            {
                Assert.DoesNotContain(
                    await ColumnAsync(connection, $"select v::text from kube.{view} v"),
                    row => row.Contains(Content, StringComparison.Ordinal));
            }

            foreach (var forbidden in (string[])["kube.secrets", "kube.changes", "kube.audit", "store.objects"])
            {
                await Assert.ThrowsAsync<PostgresException>(
                    () => ColumnAsync(connection, $"select v::text from {forbidden} v"));
            }

            foreach (var writing in (string[])["delete from store.metric_rounds", "create table kube.mine ()"])
            {
                await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(connection, writing));
            }

            await ExecuteAsync(connection, "reset role");
            Assert.Contains(
                await ColumnAsync(connection, "select v::text from kube.secrets v"),
                row => row.Contains(Content, StringComparison.Ordinal));
        }
        finally
        {
            await ExecuteAsync(connection, $"reset role; drop owned by {role}; drop role {role}");
        }
    }

    private static readonly Dictionary<string, string[]> Answers = new(StringComparer.Ordinal)
    {
        ["Which pods ran on a node when it failed?"] = ["shop|web-1|Running"],
        ["Which images are in use, and where?"] = ["web:1|1|System.String[]", "web:2|1|System.String[]"],
        ["Who scaled this?"] = ["*||1|kubectl", "*|1|5|hpa"],
        ["What changed in a namespace in the last hour?"] =
        [
            "*|apps/deployments|Modified|web|kubectl", "*|apps/deployments|Added|web|kubectl",
            "*|services|Added|nowhere|", "*|configmaps|Added|unused|", "*|configmaps|Added|settings|",
            "*|pods|Added|waits|", "*|pods|Added|web-1|", "*|secrets|Deleted|mine|", "*|secrets|Added|mine|",
            "*|secrets|Deleted|gone|", "*|secrets|Added|gone|",
        ],
        ["What was deleted, when, and by whom?"] = ["*|secrets|mine|", "*|secrets|gone|joe"],
        ["Which containers restart, and why?"] = ["shop|web-1|c|3|OOMKilled|137"],
        ["Which containers have no bound on memory?"] = ["shop|web-1|c"],
        ["Which Services lead nowhere?"] = ["shop|nowhere"],
        ["Which ConfigMaps does no pod use?"] = ["shop|unused"],
        ["Why does a pod wait?"] = ["shop|waits|*|Unschedulable|0/1 nodes are available"],
        ["Which workloads used the most of the processor in the last hour?"] = ["shop|Deployment/web|0.500"],
        ["Which containers use less than half of the memory that they ask for?"] = ["shop|web-1|c|64Mi|1024 kB"],
    };

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var connection = await PostgresFixture.CreateDatabaseAsync();
        _source = NpgsqlDataSource.Create(connection);
        await using var store = new PostgresJournalStore(PostgresDataSources.ForJournals(connection), null);
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Store = store });
        await DeleteAsync(world, "secrets", "shop", "gone");
        await DeleteAsync(world, "secrets", "shop", "mine");
        await AuditAsync(connection);
        await WriteAsync(world, "pods", "shop", "web-1", """
            "spec":{"nodeName":"n1","containers":[{"name":"c","image":"web:1",
             "resources":{"requests":{"memory":"64Mi"}},
             "env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"settings","key":"a"}}}]}]},
            "status":{"phase":"Running","containerStatuses":[{"name":"c","restartCount":3,
             "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}}}]}
            """);
        await WriteAsync(world, "pods", "shop", "waits", """
            "spec":{"containers":[{"name":"c","image":"web:2","resources":{"limits":{"memory":"1Gi"}}}]},
            "status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable",
             "message":"0/1 nodes are available"}]}
            """);
        await WriteAsync(world, "secrets", "other", "kept", "\"data\":{\"k\":\"Z2Vlaw==\"}");
        await WriteAsync(world, "configmaps", "shop", "settings", "\"data\":{}");
        await WriteAsync(world, "configmaps", "shop", "unused", "\"data\":{}");
        await WriteAsync(world, "services", "shop", "nowhere", "\"spec\":{\"selector\":{\"app\":\"none\"}}");
        await WriteAsync(world, "discovery.k8s.io/endpointslices", "other", "x", "\"endpoints\":[]");
        var deployment = await WriteAsync(
            world, "apps/deployments", "shop", "web", "\"spec\":{\"replicas\":1}", managers: "kubectl");
        await WriteAsync(
            world, "apps/deployments", "shop", "web", "\"spec\":{\"replicas\":5}", deployment.Revision, "kubectl",
            "hpa");
        await WriteAsync(world, "nodes", "", "n1", string.Create(CultureInfo.InvariantCulture, $$"""
            "status":{"conditions":[{"type":"Ready","status":"Unknown","lastTransitionTime":
             "{{TimeProvider.System.GetUtcNow().AddMinutes(1):yyyy-MM-dd'T'HH:mm:ss'Z'}}"}]}
            """));
        await using var command = _source.CreateCommand("""
            insert into store.metric_rounds
            values (extract(epoch from now())::bigint / 15, 'shop', '{web-1}', '{c}', '{n1}', '{Deployment/web}',
                    '{5000}', '{1024}', '{null}', '{null}', '{null}', '{null}', '{3}')
            """);
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<string>> ColumnAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private async Task<string[]> AskAsync(string question)
    {
        await using var command = _source.CreateCommand(question
            .Replace(":'node'", "'n1'", StringComparison.Ordinal)
            .Replace(":'namespace'", "'shop'", StringComparison.Ordinal)
            .Replace(":'name'", "'web'", StringComparison.Ordinal));
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i) switch
            {
                DBNull => "",
                DateTime or TimeSpan => "*",
                var value => Convert.ToString(value, CultureInfo.InvariantCulture),
            })));
        }

        return [.. rows];
    }

    /// <summary>
    /// Of requests that are audited the first that was granted counts, of the object's own kind and life.
    /// </summary>
    private static async Task AuditAsync(string connection)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        var store = new PostgresAuditStore(source, new AuditRetention(TimeSpan.FromDays(1), 1000));
        await store.AddAsync(
            [
                Event("jane", "delete", "gone", 403, "now"), Event("joe", "delete", "gone", 200, "now"),
                Event("node", "delete", "gone", 200, "later"), Event("ada", "get", "gone", 200, "now"),
                Event("old", "delete", "gone", 200, "before"), Event("ivy", "delete", "mine", 200, "before"),
                Event("eve", "delete", "mine", 200, "now", "example.com"),
            ],
            CancellationToken.None);
    }

    private static ReadOnlyMemory<byte> Event(
        string user, string verb, string name, int code, string when, string group = "")
    {
        var now = TimeProvider.System.GetUtcNow();
        var at = when switch
        {
            "now" => now.AddSeconds(-2), "later" => now, _ => new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero),
        };
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$$"""
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"{{{verb}}}","user":{"username":"{{{user}}}"},
             "objectRef":{"resource":"secrets","namespace":"shop","name":"{{{name}}}","apiGroup":"{{{group}}}"},
             "responseStatus":{"metadata":{},"code":{{{code}}}},
             "stageTimestamp":"{{{at:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}}}"}
            """));
    }

    private static async Task DeleteAsync(TestSilos world, string resource, string home, string name)
    {
        var made = await WriteAsync(world, resource, home, name, "\"data\":{}");
        var outcome = await world.ObjectGrain(ResourceName.Parse(resource), new ObjectKey(home, name))
            .WriteAsync(TestObjects.Delete(made), CancellationToken.None);
        Assert.True(outcome.Succeeded);
    }

    private static async Task<ResourceObject> WriteAsync(
        TestSilos world, string resource, string home, string name, string content, long expected = 0,
        params string[] managers)
    {
        const string Mark = "\"resourceVersion\":\"";
        // The last one scaled, and leaves no time, as /scale does.
        var fields = string.Join(',', managers.Select((m, i) => i == managers.Length - 1
            ? $"{{\"manager\":\"{m}\",\"subresource\":\"scale\",\"fieldsV1\":{{\"f:spec\":{{\"f:replicas\":{{}}}}}}}}"
            : $"{{\"manager\":\"{m}\",\"time\":\"2026-01-01T00:00:0{i}Z\",\"fieldsV1\":{{\"f:status\":{{}}}}}}"));
        var json = $"{{\"metadata\":{{\"name\":\"{name}\",\"namespace\":\"{home}\",\"uid\":\"{home}-{name}\","
            + $"\"creationTimestamp\":\"2026-01-01T00:00:00Z\",{Mark}\",\"managedFields\":[{fields}]}},{content}}}";
        var key = new ObjectKey(home, name);
        var outcome = await world.ObjectGrain(ResourceName.Parse(resource), key).WriteAsync(
            new ObjectWrite
            {
                Kind = expected == 0 ? WriteKind.Create : WriteKind.Update,
                ExpectedRevision = expected,
                Uid = $"{home}-{name}",
                Json = Encoding.UTF8.GetBytes(json),
                RevisionOffset = json.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length,
            },
            CancellationToken.None);
        return outcome.Required;
    }

    [GeneratedRegex(@"^## ([^\n]+)\n\n```sql\n(.+?)```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Question();

    [GeneratedRegex(@"^create role reader .+?(?=```)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Role();
}
