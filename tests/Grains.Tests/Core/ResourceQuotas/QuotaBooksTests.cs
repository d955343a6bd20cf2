using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ResourceQuotas;

/// <summary>What a charge costs, who sees it when, and what is left of it when its silo is killed.</summary>
public sealed class QuotaBooksTests
{
    private readonly QuotaBooksWorld _world = new();

    [Fact]
    public async Task Many_charges_share_the_commit_of_a_reserve_and_that_of_who_reads()
    {
        await _world.MakeAsync("q", 1000);
        _world.Store.Batches.Clear();
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(await _world.ChargeAsync(("q", 1)));
        }

        Assert.Single(_world.Store.Batches);
        Assert.Equal(0, QuotaBooksWorld.Used(_world.Stored("q")));
        Assert.True(_world.Reserved("q") >= 100);

        Assert.Equal(100, (await _world.ReadAsync("q")).Used);
        Assert.Equal(2, _world.Store.Batches.Count);
    }

    [Fact]
    public async Task What_nobody_reads_is_stored_a_little_later()
    {
        await _world.MakeAsync("q", 1000);
        Assert.Null(await _world.ChargeAsync(("q", 7)));
        var stored = new TaskCompletionSource();
        _world.Store.OnAppend = async (_, append) =>
        {
            var isStored = await append();
            stored.TrySetResult();
            return isStored;
        };

        await _world.Time.ArmedAsync();
        _world.Time.Advance(new JournalOptions().FlushDelay);

        await stored.Task;
        Assert.Equal(7, QuotaBooksWorld.Used(_world.Stored("q")));
    }

    [Fact]
    public async Task A_write_is_charged_to_all_of_its_quotas_or_to_none()
    {
        await _world.MakeAsync("wide", 10);
        await _world.MakeAsync("narrow", 2);
        Assert.Null(await _world.ChargeAsync(("wide", 2), ("narrow", 2)));

        Assert.Equal(
            "exceeded quota: narrow, requested: pods=1, used: pods=2, limited: pods=2",
            await _world.ChargeAsync(("wide", 1), ("narrow", 1)));

        Assert.Equal(2, (await _world.ReadAsync("wide")).Used);
        Assert.Equal(2, (await _world.ReadAsync("narrow")).Used);
    }

    [Fact]
    public async Task Writes_of_one_request_see_each_other_and_who_pretends_takes_nothing()
    {
        await _world.MakeAsync("q", 3);
        var two = QuotaBooksWorld.Need(("q", 2));

        var answer = await _world.ChargeAsync(two with { Pretends = true }, two, two, two with { IsOwed = true });

        Assert.Equal([true, true, false, true], answer.Refusals.Select(static r => r is null));
        Assert.Equal(4, (await _world.ReadAsync("q")).Used);
    }

    [Fact]
    public async Task Whoever_knows_an_older_limit_is_told_so()
    {
        await _world.MakeAsync("q", 3);
        var (revision, used) = await _world.ReadAsync("q");
        Assert.True((await _world.WriteAsync("q", revision, 1, used)).Succeeded);

        var outdated = await _world.AskAsync(revision, QuotaBooksWorld.Need(("q", 2)));

        Assert.True(outdated.IsOutdated);
        Assert.Empty(outdated.Refusals);
        Assert.NotNull(await _world.ChargeAsync(("q", 2)));
        Assert.Null(await _world.ChargeAsync(("q", 1)));

        // A charge changes nothing that others would have to know.
        var (charged, _) = await _world.ReadAsync("q");
        Assert.False((await _world.AskAsync(charged - 1, QuotaBooksWorld.Need(("q", 1)))).IsOutdated);
    }

    [Fact]
    public async Task Who_counted_before_a_charge_cannot_write_it_away()
    {
        await _world.MakeAsync("q", 9, used: 5);
        var (revision, _) = await _world.ReadAsync("q");
        Assert.Null(await _world.ChargeAsync(("q", 2)));

        Assert.Equal(StatusReasons.Conflict, (await _world.WriteAsync("q", revision, 9, 1)).Error?.Reason);

        var read = await _world.ReadAsync("q");
        Assert.Equal(7, read.Used);
        Assert.True((await _world.WriteAsync("q", read.Revision, 9, 1)).Succeeded);
        Assert.Null(await _world.ChargeAsync(("q", 8)));
    }

    /// <summary>It would be charged to a version that is about to be replaced.</summary>
    [Fact]
    public async Task A_charge_waits_for_a_version_that_is_on_its_way()
    {
        await _world.MakeAsync("q", 9);
        Assert.Null(await _world.ChargeAsync(("q", 1)));
        var (revision, _) = await _world.ReadAsync("q");
        var (sent, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _world.Store.OnAppend = async (_, append) =>
        {
            sent.TrySetResult();
            await gate.Task;
            return await append();
        };
        var write = _world.WriteAsync("q", revision, 9, 8);
        await sent.Task;
        var charge = _world.AskAsync(null, QuotaBooksWorld.Need(("q", 1)));
        await _world.DrainAsync();
        Assert.False(charge.IsCompleted);

        gate.SetResult();

        Assert.True((await write).Succeeded);
        Assert.True((await charge).IsOutdated);
        Assert.Null(await _world.ChargeAsync(("q", 1)));
        Assert.Equal(9, (await _world.ReadAsync("q")).Used);
    }

    [Fact]
    public async Task A_kill_leaves_too_much_at_worst_until_it_is_counted_anew()
    {
        await _world.MakeAsync("q", 10);
        await _world.MakeAsync("other", 10, used: 4);
        Assert.Null(await _world.ChargeAsync(("q", 3)));

        await _world.ActivateAsync();

        Assert.InRange((await _world.ReadAsync("q")).Used, 3, 10);
        Assert.Equal(4, (await _world.ReadAsync("other")).Used);
        Assert.Empty(_world.Recounts);
        _world.Time.Advance(TimeSpan.FromSeconds(20));
        await _world.ReadAsync("q");
        Assert.Equal([QuotaBooksWorld.Key("q")], _world.Recounts);
    }

    [Fact]
    public async Task A_stop_in_order_leaves_what_is_charged_and_no_reserve()
    {
        await _world.MakeAsync("q", 10);
        Assert.Null(await _world.ChargeAsync(("q", 3)));

        await _world.StopAsync();

        Assert.Equal(3, QuotaBooksWorld.Used(_world.Stored("q")));
        Assert.Null(_world.Reserved("q"));
        await _world.ActivateAsync();
        Assert.Equal(3, (await _world.ReadAsync("q")).Used);
        Assert.Empty(_world.Recounts);
    }

    /// <summary>Both are within what the new one takes for used, as long as the old one's lease lasts.</summary>
    [Fact]
    public async Task Who_was_replaced_charges_within_its_reserve_and_no_further()
    {
        await _world.MakeAsync("q", 5000);
        Assert.Null(await _world.ChargeAsync(("q", 1)));
        var reserved = _world.Reserved("q")!.Value;
        var (within, beyond) = (_world.Charging("q", 2), _world.Charging("q", reserved));
        await _world.OpenNextAsync();

        Assert.Null(await within());
        await Assert.ThrowsAsync<StoreUnavailableException>(beyond);

        await _world.OutliveAsync();
        Assert.True((await _world.ReadAsync("q")).Used >= 3);
    }

    [Fact]
    public async Task A_version_that_could_not_be_stored_holds_no_charge_up()
    {
        await _world.MakeAsync("q", 9);
        var (revision, _) = await _world.ReadAsync("q");
        _world.Store.OnAppend = (_, _) => throw new StoreUnavailableException("down");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _world.WriteAsync("q", revision, 9, 8));
        _world.Store.OnAppend = null;

        Assert.Null(await _world.ChargeAsync(("q", 9)));
    }

    [Fact]
    public async Task A_reserve_that_is_refused_charges_nothing_and_fails_nobody_later()
    {
        await _world.MakeAsync("q", 10);
        _world.Store.OnAppend = (_, _) => throw new StoreUnavailableException("down");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _world.ChargeAsync(("q", 3)));
        _world.Store.OnAppend = null;

        Assert.False(_world.IsLost);
        Assert.Null(await _world.ChargeAsync(("q", 10)));
        Assert.Equal(10, (await _world.ReadAsync("q")).Used);
    }

    [Fact]
    public async Task What_cannot_be_stored_now_stays_charged()
    {
        await _world.MakeAsync("q", 10);
        Assert.Null(await _world.ChargeAsync(("q", 3)));
        _world.Store.OnAppend = (_, _) => throw new StoreUnavailableException("down");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _world.ReadAsync("q"));
        Assert.Null(await _world.ChargeAsync(("q", 3)));
        _world.Store.OnAppend = null;

        Assert.Equal(6, (await _world.ReadAsync("q")).Used);
    }

    [Fact]
    public async Task A_reserve_whose_outcome_is_unknown_ends_the_books()
    {
        await _world.MakeAsync("q", 10);
        _world.Store.OnAppend = async (_, append) =>
        {
            await append();
            throw new UnknownOutcomeException("cut");
        };
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _world.ChargeAsync(("q", 3)));
        _world.Store.OnAppend = null;

        Assert.True(_world.IsLost);
        await _world.ActivateAsync();
        Assert.InRange((await _world.ReadAsync("q")).Used, 0, 10);
    }

    /// <summary>Another quota by the same name begins with a reserve of its own.</summary>
    [Fact]
    public async Task The_reserve_of_a_quota_goes_with_it()
    {
        await _world.MakeAsync("q", 10);
        await _world.MakeAsync("other", 10);
        Assert.Null(await _world.ChargeAsync(("q", 3)));
        var (revision, _) = await _world.ReadAsync("q");
        Assert.True((await _world.DeleteAsync("q", revision)).Succeeded);

        Assert.Null(await _world.ChargeAsync(("other", 3)));

        Assert.Null(_world.Reserved("q"));
        Assert.NotNull(_world.Reserved("other"));
        Assert.Equal(
            [ChangeKind.Added, ChangeKind.Deleted, ChangeKind.Added],
            (await _world.Memory.ReadChangesAsync(QuotaReserves.Name, IJournalStore.FirstRevision, 9, default))
                .Changes.Select(static c => c.Kind));
    }
}
