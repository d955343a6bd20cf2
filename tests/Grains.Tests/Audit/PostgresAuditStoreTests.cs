using System.Globalization;
using System.Text;
using Npgsql;
using OrleansOrchestrator.Grains.Audit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Audit;

/// <summary>The audit in PostgreSQL: what can be asked, and how much stays.</summary>
public sealed class PostgresAuditStoreTests : IAsyncLifetime
{
    private NpgsqlDataSource _source = null!;

    public async ValueTask InitializeAsync() =>
        _source = NpgsqlDataSource.Create(await PostgresFixture.CreateDatabaseAsync());

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Fact]
    public async Task WhoDeletedAnObjectCanBeAsked()
    {
        var store = new PostgresAuditStore(_source, new AuditRetention(TimeSpan.FromDays(1), 1000));
        await store.AddAsync([Event("jane", "create", 1), Event("joe", "delete", 2)], default);

        Assert.Equal(
            "joe|200|allow|2030-01-01 00:00:02",
            await AskAsync(
                "select username || '|' || code || '|' || decision || '|' " +
                "|| to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from kube.audit " +
                "where verb = 'delete' and resource = 'pods' and namespace = 'shop' and name = 'web'"));
        Assert.Equal("jane", await AskAsync("select username from kube.audit order by at limit 1"));
    }

    [Fact]
    public async Task ByNumberTheOldestGoFirst()
    {
        var store = new PostgresAuditStore(_source, new AuditRetention(TimeSpan.FromDays(1), 40) { Segments = 4 });
        for (var i = 0; i < 20; i++)
        {
            await store.AddAsync([.. Enumerable.Range(i * 10, 10).Select(static n => Event("u", "get", n))], default);
            await store.MaintainAsync(default);
        }

        var kept = Convert.ToInt64(await AskAsync("select count(*) from kube.audit"), CultureInfo.InvariantCulture);
        Assert.InRange(kept, 36, 70);
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"{200 - kept:D3}|199"),
            await AskAsync("select min(event ->> 'n') || '|' || max(event ->> 'n') from kube.audit"));
    }

    [Fact]
    public async Task ByTimeOldOnesGo()
    {
        var store = new PostgresAuditStore(_source, new AuditRetention(TimeSpan.FromHours(1), 1000) { Segments = 2 });
        await store.AddAsync([Event("old", "get", 1)], default);
        await AskAsync("update store.audit_segments set started_at = now() - interval '31 minutes' returning 1");
        await store.MaintainAsync(default);
        await store.AddAsync([Event("new", "get", 2)], default);
        await AskAsync("update store.audit_segments set started_at = started_at - interval '61 minutes' returning 1");
        await store.MaintainAsync(default);

        Assert.Equal("new", await AskAsync("select string_agg(username, ',') from kube.audit"));
    }

    private async Task<object?> AskAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private static ReadOnlyMemory<byte> Event(string user, string verb, int second) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $$$"""
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","n":"{{{second:D3}}}",
             "verb":"{{{verb}}}","user":{"username":"{{{user}}}"},
             "objectRef":{"resource":"pods","namespace":"shop","name":"web"},
             "responseStatus":{"metadata":{},"code":200},
             "stageTimestamp":"2030-01-01T00:{{{second / 60:D2}}}:{{{second % 60:D2}}}.000000Z",
             "annotations":{"authorization.k8s.io/decision":"allow"}}
            """));
}
