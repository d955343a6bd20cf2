using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>
/// The journal by itself: what a batch is, what the fence stops, what a lease allows, and what is not known.
/// </summary>
public sealed class JournalTests
{
    private const long First = IJournalStore.FirstRevision;

    private static readonly ObjectKey A = new("n", "a");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private readonly ManualTime _time = new();
    private readonly MemoryJournalStore _memory = new();
    private readonly JournalStoreFaults _store;

    public JournalTests() => _store = new JournalStoreFaults(_memory);

    [Fact]
    public async Task What_waits_while_a_batch_is_in_flight_becomes_one_batch()
    {
        var gate = new TaskCompletionSource();
        _store.OnAppend = async (_, append) =>
        {
            await gate.Task;
            return await append();
        };
        var journal = Activate();
        var first = journal.CommitAsync(A, TestObjects.Create(A));
        await journal.Thread.DrainAsync();
        await journal.Thread.DrainAsync();
        var others = Enumerable.Range(0, 100).Select(i => Key($"p{i}")).Select(
            k => journal.CommitAsync(k, TestObjects.Create(k))).ToList();
        await journal.Thread.DrainAsync();

        gate.SetResult();
        await first;
        var revisions = (await Task.WhenAll(others)).Select(o => o.Required.Revision);

        Assert.Equal([1, 100], _store.Batches);
        Assert.Equal(Enumerable.Range(2, 100).Select(i => First + i), revisions);
    }

    [Fact]
    public async Task Many_writes_of_one_call_share_a_batch_and_each_has_its_own_answer()
    {
        var batches = new List<int>();
        _store.OnAppend = async (changes, append) =>
        {
            batches.Add(changes.Count);
            return batches.Count == 2 ? throw new TimeoutException("no answer") : await append();
        };
        var journal = Activate(new JournalOptions { MaxBatchWrites = 4 });
        var keys = Enumerable.Range(0, 6).Select(i => Key($"p{i}")).ToArray();
        var answers = await journal.CommitManyAsync([.. keys[..3], keys[0], .. keys[3..]]);

        Assert.Equal([3, 3], batches);
        Assert.Equal([First + 1, First + 2, First + 3], answers.Take(3).Select(a => a.Outcome.Required.Revision));
        Assert.Equal(StatusReasons.AlreadyExists, answers[3].Outcome.Error!.Reason);
        Assert.All(answers.Skip(4), a => Assert.IsType<UnknownOutcomeException>(a.Failure));
    }

    [Fact]
    public async Task Nothing_is_answered_read_or_shown_before_the_commit()
    {
        var (sent, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _store.OnAppend = async (_, append) =>
        {
            var committed = await append();
            sent.TrySetResult();
            await gate.Task;
            return committed;
        };
        var journal = Activate();
        var write = journal.CommitAsync(A, TestObjects.Create(A));
        await sent.Task;

        // The store has it already, but nobody has said so.
        Assert.Equal(First + 1, (await _memory.ReadSnapshotAsync(TestObjects.Pods, default)).Revision);
        Assert.Equal(First, await journal.GetRevisionAsync());
        Assert.Null(await journal.ReadAsync(A));
        Assert.Empty((await journal.ReadAfterAsync(First, TimeSpan.Zero)).Changes);
        Assert.False(write.IsCompleted);
        gate.SetResult();
        Assert.True((await write).Succeeded);
        Assert.Equal(First + 1, await journal.GetRevisionAsync());
        Assert.Single((await journal.ReadAfterAsync(First, TimeSpan.Zero)).Changes);
    }

    [Fact]
    public async Task Reads_that_go_to_the_store_do_not_see_more_than_what_is_published()
    {
        var journal = Activate(new JournalOptions { RingChanges = 1 });
        await journal.CommitAsync(A, TestObjects.Create(A));
        await journal.CommitAsync(Key("b"), TestObjects.Create(Key("b")));
        var (sent, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _store.OnAppend = async (_, append) =>
        {
            var committed = await append();
            sent.TrySetResult();
            await gate.Task;
            return committed;
        };
        var write = journal.CommitAsync(A, TestObjects.Update(A, First + 1));
        await sent.Task;

        // Both reads find the unpublished update in the store.
        var read = journal.ReadAsync(A);
        var changes = await journal.ReadAfterAsync(First, TimeSpan.Zero);

        Assert.Equal((2, First + 2), (changes.Changes.Count, changes.Revision));
        Assert.False(read.IsCompleted);
        gate.SetResult();
        Assert.Equal(First + 3, (await write).Required.Revision);
        Assert.Equal(First + 3, (await read)!.Revision);
    }

    [Fact]
    public async Task A_refusal_that_rests_on_a_batch_waits_for_that_batch()
    {
        var gates = new Queue<TaskCompletionSource>([new(), new()]);
        var waiting = gates.ToArray();
        _store.OnAppend = async (_, append) =>
        {
            await gates.Dequeue().Task;
            return await append();
        };
        var journal = Activate();
        var first = journal.CommitAsync(Key("x"), TestObjects.Create(Key("x")));
        await journal.Thread.DrainAsync();
        await journal.Thread.DrainAsync();
        var winner = journal.CommitAsync(A, TestObjects.Create(A));
        var loser = journal.CommitAsync(A, TestObjects.Create(A));
        waiting[0].SetResult();
        await first;
        await journal.Thread.DrainAsync();

        Assert.False(loser.IsCompleted);
        waiting[1].SetResult();
        Assert.True((await winner).Succeeded);
        Assert.Equal(StatusReasons.AlreadyExists, (await loser).Error!.Reason);
    }

    [Fact]
    public async Task A_reader_that_waits_gets_the_next_change()
    {
        var journal = Activate();
        var read = journal.ReadAfterAsync(First, Long);
        await journal.Thread.DrainAsync();
        Assert.False(read.IsCompleted);

        await journal.CommitAsync(A, TestObjects.Create(A));

        Assert.Equal(First + 1, (await read).Revision);
    }

    [Fact]
    public async Task A_reader_that_waits_in_vain_gets_an_empty_batch()
    {
        var journal = Activate();
        Assert.Equal(First, await journal.GetRevisionAsync());
        var before = _time.Timers;
        var read = journal.ReadAfterAsync(First, TimeSpan.FromSeconds(10));
        await journal.Thread.DrainAsync();
        Assert.Equal(before + 1, _time.Timers);

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal((0, First), ((await read).Changes.Count, (await read).Revision));
    }

    [Fact]
    public async Task A_stale_activation_commits_nothing()
    {
        var stale = Activate();
        await stale.CommitAsync(A, TestObjects.Create(A));
        var successor = Activate();
        Assert.Equal(First + 1, await successor.GetRevisionAsync());

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => stale.CommitAsync(Key("b"), TestObjects.Create(Key("b"))));

        Assert.True(stale.IsLost);
        Assert.Equal(First + 1, (await _memory.ReadSnapshotAsync(TestObjects.Pods, default)).Revision);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => stale.GetRevisionAsync());
    }

    [Fact]
    public async Task A_stale_activation_serves_no_consistent_read_once_its_successor_may_commit()
    {
        var stale = Activate();
        await stale.CommitAsync(A, TestObjects.Create(A));
        var successor = Activate();
        var write = successor.CommitAsync(A, TestObjects.Update(A, First + 1));
        await WaitForTimerAsync(successor, 1);

        // Within the lease the stale one still answers, and rightly so: its successor waits.
        Assert.Equal(First + 1, await stale.GetRevisionAsync());
        Assert.NotNull(await stale.ReadAsync(A));
        Assert.False(write.IsCompleted);
        _time.Advance(new JournalOptions().Lease);
        Assert.Equal(First + 2, (await write).Required.Revision);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => stale.GetRevisionAsync());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => stale.ReadAsync(A));
        Assert.True(stale.IsLost);
    }

    [Fact]
    public async Task A_stale_activation_refuses_nobody()
    {
        var stale = Activate();
        await stale.CommitAsync(A, TestObjects.Create(A));
        var current = (await stale.ReadAsync(A))!;
        var successor = Activate();
        var delete = successor.CommitAsync(A, TestObjects.Delete(current));
        await WaitForTimerAsync(successor, 1);
        _time.Advance(new JournalOptions().Lease);
        await delete;

        // "Already exists" would be a lie by now.
        await Assert.ThrowsAsync<StoreUnavailableException>(() => stale.CommitAsync(A, TestObjects.Create(A)));
    }

    [Fact]
    public async Task After_an_orderly_stop_the_successor_need_not_wait()
    {
        var first = Activate();
        await first.CommitAsync(A, TestObjects.Create(A));
        await first.StopAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => first.GetRevisionAsync());

        var successor = Activate();

        Assert.Equal(First + 2, (await successor.CommitAsync(A, TestObjects.Update(A, First + 1))).Required.Revision);
    }

    [Fact]
    public async Task A_lease_is_renewed_when_a_reader_needs_it_and_only_then()
    {
        var checks = 0;
        _store.OnIsCurrent = check =>
        {
            checks++;
            return check();
        };
        var journal = Activate();
        await journal.CommitAsync(A, TestObjects.Create(A));
        for (var expired = 1; expired <= 3; expired++)
        {
            _time.Advance(new JournalOptions().Lease);
            Assert.Equal(expired - 1, checks);
            Assert.Equal(First + 1, await journal.GetRevisionAsync());
            Assert.NotNull(await journal.ReadAsync(A));
            Assert.Equal(expired, checks);
        }
    }

    [Fact]
    public async Task Any_thread_may_read_the_revision_as_long_as_an_answer_would_need_no_look()
    {
        var journal = Activate();
        Assert.Null(journal.LocalRevision);
        await journal.CommitAsync(A, TestObjects.Create(A));
        Assert.Equal(First + 1, journal.LocalRevision);

        _time.Advance(new JournalOptions().Lease);
        Assert.Null(journal.LocalRevision);
        await journal.GetRevisionAsync();
        Assert.Equal(First + 1, journal.LocalRevision);

        var successor = Activate();
        var write = successor.CommitAsync(A, TestObjects.Update(A, First + 1));
        await WaitForTimerAsync(successor, 1);
        Assert.Equal(First + 1, journal.LocalRevision);
        Assert.Equal(First + 1, successor.LocalRevision);
        _time.Advance(new JournalOptions().Lease);
        await write;
        Assert.Null(journal.LocalRevision);
        Assert.Equal(First + 2, successor.LocalRevision);

        await successor.StopAsync();
        Assert.Null(successor.LocalRevision);
    }

    /// <summary>The successor of a journal that has released its epoch commits at once.</summary>
    [Fact]
    public async Task A_look_that_was_on_its_way_brings_back_no_lease()
    {
        var (looked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        var journal = Activate();
        await journal.CommitAsync(A, TestObjects.Create(A));
        _time.Advance(new JournalOptions().Lease);
        _store.OnIsCurrent = async check =>
        {
            var isCurrent = await check();
            looked.SetResult();
            await answer.Task;
            return isCurrent;
        };
        var reading = journal.GetRevisionAsync();
        await looked.Task;

        await journal.StopAsync();
        answer.SetResult();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => reading);
        Assert.Null(journal.LocalRevision);
    }

    [Fact]
    public async Task A_reader_that_knows_more_makes_a_stale_activation_look()
    {
        var stale = Activate();
        await stale.CommitAsync(A, TestObjects.Create(A));
        await Activate().GetRevisionAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => stale.ReadAfterAsync(First + 6, Long));

        Assert.True(stale.IsLost);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_unknown_outcome_ends_the_activation_and_the_next_one_reads_the_truth(bool committed)
    {
        var journal = Activate();
        await journal.CommitAsync(A, TestObjects.Create(A));
        _store.OnAppend = async (_, append) =>
        {
            if (committed)
            {
                await append();
            }

            throw new UnknownOutcomeException("cut");
        };
        var waiting = journal.ReadAfterAsync(First + 1, Long);
        var write = journal.CommitAsync(A, TestObjects.Update(A, First + 1));
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => write);
        Assert.True(journal.IsLost);
        Assert.Empty((await waiting).Changes);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => journal.ReadAsync(A));

        _store.OnAppend = null;
        var next = Activate();
        var again = next.CommitAsync(A, TestObjects.Update(A, First + 1));
        await WaitForTimerAsync(next, 1);
        _time.Advance(new JournalOptions().Lease);

        // The repeated write is never applied twice: if the first one was committed, the second conflicts.
        Assert.Equal(committed, (await again).Error?.Reason == StatusReasons.Conflict);
        Assert.Equal(First + 2, (await next.ReadAsync(A))!.Revision);
    }

    [Fact]
    public async Task An_unavailable_store_fails_the_batch_and_nothing_else()
    {
        var journal = Activate();
        await journal.CommitAsync(A, TestObjects.Create(A));
        _store.OnAppend = (_, _) => throw new StoreUnavailableException("down");
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => journal.CommitAsync(A, TestObjects.Update(A, First + 1)));

        _store.OnAppend = null;

        Assert.False(journal.IsLost);
        Assert.Equal(First + 2, (await journal.CommitAsync(A, TestObjects.Update(A, First + 1))).Required.Revision);
    }

    [Fact]
    public async Task A_store_that_is_down_at_first_is_asked_again()
    {
        _store.OnOpen = _ => throw new StoreUnavailableException("down");
        var journal = Activate();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => journal.GetRevisionAsync());

        _store.OnOpen = null;

        Assert.Equal(First, await journal.GetRevisionAsync());
    }

    [Fact]
    public async Task A_full_queue_refuses_more()
    {
        var gate = new TaskCompletionSource();
        _store.OnAppend = async (_, append) =>
        {
            await gate.Task;
            return await append();
        };
        var journal = Activate(new JournalOptions { MaxQueuedWrites = 3 });
        var first = journal.CommitAsync(A, TestObjects.Create(A));
        await journal.Thread.DrainAsync();
        await journal.Thread.DrainAsync();
        var queued = Enumerable.Range(0, 3).Select(i => Key($"q{i}")).Select(
            k => journal.CommitAsync(k, TestObjects.Create(k))).ToList();
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => journal.CommitAsync(Key("z"), TestObjects.Create(Key("z"))));

        gate.SetResult();

        Assert.True((await first).Succeeded);
        Assert.All(await Task.WhenAll(queued), o => Assert.True(o.Succeeded));
    }

    [Fact]
    public async Task A_journal_moves_beyond_a_revision_without_a_change_and_only_when_nobody_else_did()
    {
        var journal = Activate();
        await journal.CommitAsync(A, TestObjects.Create(A));

        await journal.MoveBeyondAsync(First);
        Assert.Equal(First + 1, await journal.GetRevisionAsync());
        await journal.MoveBeyondAsync(First + 1);
        Assert.Equal(First + 2, await journal.GetRevisionAsync());

        var change = Assert.Single((await journal.ReadAfterAsync(First + 1, TimeSpan.Zero)).Changes);
        Assert.True(change.IsNothing);
        Assert.Equal($"{First + 2}", change.Object.ResourceVersion());
        Assert.Equal(First + 1, (await journal.ReadAsync(A))!.Revision);
        Assert.Empty(await _memory.ReadDeletionsAsync(TestObjects.Pods, "", DateTimeOffset.MinValue, 9, default));
    }

    [Fact]
    public async Task A_malformed_write_fails_alone()
    {
        var journal = Activate();
        var bad = TestObjects.Create(A) with { RevisionOffset = 3 };

        var refused = journal.CommitAsync(A, bad);
        var good = journal.CommitAsync(Key("b"), TestObjects.Create(Key("b")));

        await Assert.ThrowsAsync<InvariantViolationException>(() => refused);
        Assert.Equal(First + 1, (await good).Required.Revision);
    }

    [Fact]
    public async Task Older_changes_come_from_the_log_and_then_are_too_old()
    {
        var journal = Activate(new JournalOptions { RingChanges = 5 });
        for (var i = 0; i < 20; i++)
        {
            await journal.CommitAsync(Key($"p{i}"), TestObjects.Create(Key($"p{i}")));
        }

        Assert.Equal(First + 2, (await journal.ReadAfterAsync(First + 1, Long)).Changes[0].Object.Revision);
        _memory.Trim(TestObjects.Pods, 10);
        Assert.True((await journal.ReadAfterAsync(First + 1, Long)).TooOld);
        Assert.Equal(First + 12, (await journal.ReadAfterAsync(First + 11, Long)).Changes[0].Object.Revision);
        Assert.Equal(First + 1, (await journal.ReadAsync(Key("p0")))!.Revision);
    }

    private static ObjectKey Key(string name) => new("n", name);

    private static async Task WaitForTimerAsync(TestJournal journal, int turns)
    {
        // Opening and the wait for the predecessor's lease are a few turns of the journal's scheduler.
        for (var i = 0; i < turns + 10; i++)
        {
            await journal.Thread.DrainAsync();
        }
    }

    private TestJournal Activate(JournalOptions? options = null) => new(_store, _time, options ?? new JournalOptions());
}
