using System.Text;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>
/// What every journal store promises. The same facts hold for the plain model in memory and for PostgreSQL.
/// </summary>
public abstract class JournalStoreConformance
{
    private const long First = IJournalStore.FirstRevision;

    private static readonly ResourceName Pods = new("", "pods");
    private static readonly ResourceName Deployments = new("apps", "deployments");

    protected abstract Task<IJournalStore> CreateAsync();

    /// <summary>Leaves at most the newest <paramref name="keep"/> changes in the log.</summary>
    protected abstract Task TrimAsync(IJournalStore store, ResourceName resource, int keep);

    [Fact]
    public async Task A_new_journal_stands_at_the_first_revision_and_is_released()
    {
        var store = await CreateAsync();
        var position = await store.OpenAsync(Pods, default);

        Assert.Equal(new JournalPosition(1, First, First) { Released = true }, position);
        Assert.Empty((await store.ReadSnapshotAsync(Pods, default)).Objects);
        Assert.Null(await store.ReadObjectAsync(Pods, new ObjectKey("a", "b"), default));
        var changes = await store.ReadChangesAsync(Pods, First, 10, default);
        Assert.Empty(changes.Changes);
        Assert.False(changes.TooOld);
        Assert.Equal(First, changes.Revision);
    }

    [Fact]
    public async Task Revision_1_is_before_every_log()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;
        Assert.True((await store.ReadChangesAsync(Pods, 1, 10, default)).TooOld);

        Assert.True(await store.AppendAsync(Pods, epoch, [Added(First + 1, "n", "a")], default));

        Assert.True((await store.ReadChangesAsync(Pods, 1, 10, default)).TooOld);
        Assert.True((await store.ReadHistoryAsync(Pods, 1, 10, default)).TooOld);
        Assert.Single((await store.ReadHistoryAsync(Pods, First, 10, default)).Changes);
    }

    [Fact]
    public async Task A_batch_shows_in_objects_revisions_and_log()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;

        Assert.True(await store.AppendAsync(
            Pods,
            epoch,
            [Added(First + 1, "n", "b"), Added(First + 2, "n", "a"), Modified(First + 3, "n", "b", First + 1)],
            default));
        Assert.True(await store.AppendAsync(Pods, epoch, [Deleted(First + 4, "n", "a", First + 2)], default));

        var snapshot = await store.ReadSnapshotAsync(Pods, default);
        Assert.Equal(First + 4, snapshot.Revision);
        var only = Assert.Single(snapshot.Objects);
        Assert.Equal(
            (new ObjectKey("n", "b"), First + 3, "uid-b", Body(First + 3)),
            (only.Key, only.Revision, only.Uid, Text(only)));
        Assert.Equal(
            [new KeyRevision(new ObjectKey("n", "b"), First + 3)], await store.ReadRevisionsAsync(Pods, default));
        Assert.Equal(Body(First + 3), Text((await store.ReadObjectAsync(Pods, new ObjectKey("n", "b"), default))!));

        var log = await store.ReadChangesAsync(Pods, First, 10, default);
        Assert.Equal(
            [
                (ChangeKind.Added, First + 1, 0L),
                (ChangeKind.Added, First + 2, 0),
                (ChangeKind.Modified, First + 3, First + 1),
                (ChangeKind.Deleted, First + 4, First + 2),
            ],
            log.Changes.Select(c => (c.Kind, c.Object.Revision, c.PreviousRevision)));
        Assert.Equal(First + 4, log.Revision);
    }

    [Fact]
    public async Task A_revision_without_a_change_is_in_the_log_alone()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;

        Assert.True(await store.AppendAsync(
            Pods, epoch,
            [Added(First + 1, "n", "a"), Deleted(First + 2, "", "", 0), Modified(First + 3, "n", "a", First + 1)],
            default));

        var log = await store.ReadHistoryAsync(Pods, First, 10, default);
        Assert.Equal([false, true, false], log.Changes.Select(static c => c.IsNothing));
        var snapshot = await store.ReadSnapshotAsync(Pods, default);
        Assert.Equal((First + 3, First + 3), (snapshot.Revision, Assert.Single(snapshot.Objects).Revision));
    }

    [Fact]
    public async Task Snapshots_are_in_ordinal_key_order()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;
        string[] names = ["a", "B", "a-b", "a.b", "ab", "é", "Z", "0"];
        var changes = names.Select((name, i) => Added(First + 1 + i, i % 2 == 0 ? "x" : "X-y", name)).ToArray();

        Assert.True(await store.AppendAsync(Pods, epoch, changes, default));

        var keys = (await store.ReadSnapshotAsync(Pods, default)).Objects.Select(o => o.Key).ToArray();
        Assert.Equal(keys.Order(), keys);
        Assert.Equal(names.Length, keys.Length);
    }

    [Fact]
    public async Task One_key_may_change_several_times_in_a_batch()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;

        Assert.True(await store.AppendAsync(
            Pods,
            epoch,
            [
                Added(First + 1, "n", "a"),
                Deleted(First + 2, "n", "a", First + 1),
                Added(First + 3, "n", "a"),
                Modified(First + 4, "n", "a", First + 3),
                Deleted(First + 5, "n", "a", First + 4),
            ],
            default));
        Assert.Empty((await store.ReadSnapshotAsync(Pods, default)).Objects);
        Assert.True(await store.AppendAsync(
            Pods,
            epoch,
            [Added(First + 6, "n", "a"), Deleted(First + 7, "n", "a", First + 6), Added(First + 8, "n", "a")],
            default));

        Assert.Equal(First + 8, Assert.Single((await store.ReadSnapshotAsync(Pods, default)).Objects).Revision);
        Assert.Equal(8, (await store.ReadChangesAsync(Pods, First, 100, default)).Changes.Count);
    }

    [Fact]
    public async Task An_old_epoch_commits_nothing()
    {
        var store = await CreateAsync();
        var old = await store.OpenAsync(Pods, default);
        var now = await store.OpenAsync(Pods, default);

        Assert.False(now.Released);
        Assert.False(await store.AppendAsync(Pods, old.Epoch, [Added(First + 1, "n", "a")], default));
        Assert.False(await store.IsCurrentAsync(Pods, old.Epoch, default));
        Assert.True(await store.IsCurrentAsync(Pods, now.Epoch, default));
        Assert.Empty((await store.ReadSnapshotAsync(Pods, default)).Objects);
        Assert.Empty((await store.ReadChangesAsync(Pods, First, 10, default)).Changes);
        Assert.True(await store.AppendAsync(Pods, now.Epoch, [Added(First + 1, "n", "b")], default));
    }

    [Fact]
    public async Task A_batch_must_continue_at_the_newest_revision()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;

        Assert.False(await store.AppendAsync(Pods, epoch, [Added(First + 2, "n", "a")], default));
        Assert.True(await store.AppendAsync(Pods, epoch, [Added(First + 1, "n", "a")], default));
        Assert.False(await store.AppendAsync(Pods, epoch, [Modified(First + 1, "n", "a", First)], default));
        Assert.Equal(First + 1, (await store.ReadSnapshotAsync(Pods, default)).Revision);
    }

    [Fact]
    public async Task Only_the_holder_of_the_epoch_can_release_it()
    {
        var store = await CreateAsync();
        var first = await store.OpenAsync(Pods, default);
        var second = await store.OpenAsync(Pods, default);

        await store.ReleaseAsync(Pods, first.Epoch, default);
        var third = await store.OpenAsync(Pods, default);
        Assert.False(third.Released);
        await store.ReleaseAsync(Pods, third.Epoch, default);
        Assert.True((await store.OpenAsync(Pods, default)).Released);
        Assert.Equal(2, second.Epoch);
    }

    [Fact]
    public async Task Resources_do_not_touch_each_other()
    {
        var store = await CreateAsync();
        var pods = (await store.OpenAsync(Pods, default)).Epoch;
        var deployments = (await store.OpenAsync(Deployments, default)).Epoch;

        Assert.True(await store.AppendAsync(
            Pods, pods, [Added(First + 1, "n", "a"), Added(First + 2, "n", "b")], default));
        Assert.True(await store.AppendAsync(Deployments, deployments, [Added(First + 1, "n", "a")], default));
        Assert.True(await store.AppendAsync(Pods, pods, [Deleted(First + 3, "n", "a", First + 1)], default));

        Assert.Equal(First + 1, Assert.Single((await store.ReadSnapshotAsync(Deployments, default)).Objects).Revision);
        Assert.Equal(First + 3, (await store.ReadSnapshotAsync(Pods, default)).Revision);
        Assert.Single((await store.ReadChangesAsync(Deployments, First, 10, default)).Changes);
    }

    [Fact]
    public async Task The_log_is_read_in_pages()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;
        await store.AppendAsync(
            Pods, epoch, [.. Enumerable.Range(1, 25).Select(i => Added(First + i, "n", $"p{i}"))], default);

        var read = new List<long>();
        var after = First;
        while (await store.ReadChangesAsync(Pods, after, 10, default) is { Changes.Count: > 0 } page)
        {
            Assert.InRange(page.Changes.Count, 1, 10);
            read.AddRange(page.Changes.Select(c => c.Object.Revision));
            after = page.Revision;
        }

        Assert.Equal(Enumerable.Range(1, 25).Select(i => First + i), read);
    }

    [Fact]
    public async Task History_knows_previous_versions()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;
        await store.AppendAsync(
            Pods,
            epoch,
            [Added(First + 1, "n", "a"), Added(First + 2, "n", "b"), Modified(First + 3, "n", "a", First + 1)],
            default);
        await store.AppendAsync(Pods, epoch, [Deleted(First + 4, "n", "a", First + 3)], default);

        var history = await store.ReadHistoryAsync(Pods, First + 1, 10, default);

        Assert.Equal(
            [null, Body(First + 1), Body(First + 3)],
            history.Changes.Select(c => c.Previous is null ? null : Text(c.Previous)));
        Assert.Equal([null, First + 1, First + 3], history.Changes.Select(c => c.Previous?.Revision));
    }

    [Fact]
    public async Task Past_retention_the_log_is_too_old_and_objects_stay()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;
        await store.AppendAsync(Pods, epoch, [Added(First + 1, "n", "a"), Added(First + 2, "n", "b")], default);
        await TrimAsync(store, Pods, 0);
        await store.AppendAsync(Pods, epoch, [Modified(First + 3, "n", "a", First + 1)], default);

        Assert.True((await store.ReadChangesAsync(Pods, First, 10, default)).TooOld);
        Assert.True((await store.ReadHistoryAsync(Pods, First + 1, 10, default)).TooOld);
        var retained = await store.ReadHistoryAsync(Pods, First + 2, 10, default);
        Assert.False(retained.TooOld);
        Assert.Null(Assert.Single(retained.Changes).Previous);
        Assert.Equal(2, (await store.ReadSnapshotAsync(Pods, default)).Objects.Count);
        Assert.Equal(First + 2, (await store.OpenAsync(Pods, default)).OldestRevision);
    }

    [Fact]
    public async Task Bytes_come_back_as_they_were()
    {
        var store = await CreateAsync();
        var epoch = (await store.OpenAsync(Pods, default)).Epoch;
        var large = new byte[300_000];
        for (var i = 0; i < large.Length; i++)
        {
            large[i] = (byte)(i * 31 >> 3);
        }

        var item = new ResourceObject(new ObjectKey("", "n1"), "u", First + 1, large.AsMemory(5, 250_000));
        Assert.True(await store.AppendAsync(Pods, epoch, [new Change(ChangeKind.Added, item)], default));

        var stored = (await store.ReadObjectAsync(Pods, item.Key, default))!;
        var logged = (await store.ReadChangesAsync(Pods, First, 1, default)).Changes[0].Object;
        Assert.True(stored.Json.Span.SequenceEqual(item.Json.Span));
        Assert.True(logged.Json.Span.SequenceEqual(item.Json.Span));
    }

    [Fact]
    public async Task Concurrent_batches_of_rivals_commit_each_revision_once()
    {
        var store = await CreateAsync();
        await store.OpenAsync(Pods, default);
        var committed = await Task.WhenAll(Enumerable.Range(0, 8).Select(async rival =>
        {
            var revisions = new List<long>();
            for (var i = 0; i < 10; i++)
            {
                var position = await store.OpenAsync(Pods, default);
                if (await store.AppendAsync(
                    Pods, position.Epoch, [Added(position.Revision + 1, "n", $"r{rival}-{i}")], default))
                {
                    revisions.Add(position.Revision + 1);
                }
            }

            return revisions;
        }));

        var all = committed.SelectMany(r => r).Order().ToArray();
        Assert.Equal(all.Distinct(), all);
        Assert.Equal(
            all, (await store.ReadChangesAsync(Pods, First, 1000, default)).Changes.Select(c => c.Object.Revision));
        Assert.Equal(all.Length, (await store.ReadSnapshotAsync(Pods, default)).Objects.Count);
    }

    private static Change Added(long revision, string space, string name) =>
        Make(ChangeKind.Added, revision, space, name, 0);

    private static Change Modified(long revision, string space, string name, long previous) =>
        Make(ChangeKind.Modified, revision, space, name, previous);

    private static Change Deleted(long revision, string space, string name, long previous) =>
        Make(ChangeKind.Deleted, revision, space, name, previous);

    private static Change Make(ChangeKind kind, long revision, string space, string name, long previous) =>
        new(kind, new ResourceObject(
            new ObjectKey(space, name), $"uid-{name}", revision, Encoding.UTF8.GetBytes(Body(revision))))
        {
            PreviousRevision = previous,
        };

    private static string Body(long revision) => $"{{\"r\":{revision}}}";

    private static string Text(ResourceObject item) => Encoding.UTF8.GetString(item.Json.Span);
}

public sealed class MemoryJournalStoreTests : JournalStoreConformance
{
    protected override Task<IJournalStore> CreateAsync() => Task.FromResult<IJournalStore>(new MemoryJournalStore());

    protected override Task TrimAsync(IJournalStore store, ResourceName resource, int keep)
    {
        ((MemoryJournalStore)store).Trim(resource, keep);
        return Task.CompletedTask;
    }
}

public sealed class PostgresJournalStoreTests : JournalStoreConformance, IAsyncDisposable
{
    private PostgresJournalStore? _store;
    private string? _connectionString;

    public ValueTask DisposeAsync() => _store?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task A_journal_that_an_earlier_release_began_at_1_goes_on_and_keeps_its_log()
    {
        var store = await CreateAsync();
        await using (var source = NpgsqlDataSource.Create(_connectionString!))
        await using (var begin = source.CreateCommand("insert into store.journals (resource) values ('pods')"))
        {
            await begin.ExecuteNonQueryAsync();
        }

        var pods = new ResourceName("", "pods");
        var position = await store.OpenAsync(pods, default);
        Assert.Equal(new JournalPosition(1, 1, 1) { Released = true }, position);
        Assert.False((await store.ReadChangesAsync(pods, 1, 10, default)).TooOld);
        var item = new ResourceObject(new ObjectKey("n", "a"), "u", 2, "{}"u8.ToArray());
        Assert.True(await store.AppendAsync(pods, position.Epoch, [new Change(ChangeKind.Added, item)], default));

        Assert.Equal(new JournalPosition(2, 2, 1), await store.OpenAsync(pods, default));
        Assert.Equal(2, Assert.Single((await store.ReadChangesAsync(pods, 1, 10, default)).Changes).Object.Revision);
        Assert.Equal(2, (await store.ReadSnapshotAsync(pods, default)).Revision);
    }

    protected override async Task<IJournalStore> CreateAsync()
    {
        _connectionString = await PostgresFixture.CreateDatabaseAsync();
        return _store = new PostgresJournalStore(PostgresDataSources.ForJournals(_connectionString));
    }

    protected override async Task TrimAsync(IJournalStore store, ResourceName resource, int keep)
    {
        // Each round begins a segment, after which the one before holds nothing to keep.
        var nothing = new ChangeRetention(TimeSpan.Zero, keep);
        await _store!.MaintainAsync(nothing, default);
        Assert.NotNull(await _store.MaintainAsync(nothing, default));
    }
}
