using System.Runtime.InteropServices;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>
/// What is used of quotas, charged without a commit for each charge. The books are kept by the journal of
/// ResourceQuotas, which orders all versions of them, and hold two promises: no limit is passed, by however many
/// writers on however many silos; and what is stored of a use is too high at worst, never too low, whenever a silo is
/// killed.
///
/// 1. Judging. An API server finds out from its cache which quotas count a write, and by how much (<see
///    cref="QuotaCharge"/>), and says at which revision that cache was. The books refuse to answer when a quota of the
///    namespace was made, changed or deleted after it; charges are no such change, for they alter nothing but amounts.
///    So there is one judge of how much is left, and it knows all that was charged.
/// 2. Reserving. Before a use is charged, a reserve that covers it is committed (<see cref="QuotaReserves"/>): the
///    limit, or the use of some hundred such writes. Most charges find one that is large enough, and are a sum in
///    memory. A write is answered after that, so that no object is ever created whose use is not within a committed
///    reserve.
/// 3. Storing. What is charged becomes the next version of its quota with the journal's next batch, before all other
///    writes: at once when somebody reads afresh, else a little later (<see cref="IDeferredWrites"/>). Whoever counts a
///    quota anew, and writes what he found, is refused if anything was charged since he read it, for its version has
///    moved on. While a version of somebody else is on its way, nothing of its namespace is charged: it would be lost.
/// 4. Moving. A journal that stops in order stores all, and removes its reserves. After a kill they are still there:
///    the next one takes the reserve for what is used, and has it counted anew when no write can be on its way any more
///    that the old one charged. The old one cannot commit a reserve any more, because the new one has taken the epoch
///    of the reserves before it read them; and what it charges within those that were read, as long as its lease lasts,
///    is in what the new one takes for used. The new one charges nothing before that lease is over, so that reads of
///    the old one are right too.
/// 5. Giving back is the controller's, which counts anew: what was charged for a write that failed, or whose answer
///    was lost, and what was deleted. What is on its way from its charge to its commit meanwhile it misses, as
///    upstream's does.
///
/// Failures: a reserve that is refused by the store fails the charges that wait for it, and nothing was charged; after
/// one whose outcome is unknown the journal is given up, as after any commit. Charges that are not stored wait until
/// the store takes them.
///
/// Not thread-safe: all members run on the scheduler of the journal.
/// </summary>
/// <param name="store">Keeps quotas and reserves.</param>
/// <param name="time">Says when somebody came to own what is charged.</param>
/// <param name="recount">Has a quota counted anew; may be lost.</param>
internal sealed class QuotaBooks(IJournalStore store, TimeProvider time, Action<ObjectKey> recount) : IQuotaBooks
{
    /// <summary>
    /// A reserve is for two to this many writes like those that want it. A commit for each 128 charges is some 2 µs
    /// for each; after a kill no more than this is taken for used that is not, until it is counted.
    /// </summary>
    private const int ReserveDoublings = 7;

    /// <summary>Namespaces that changed; of older changes only the newest is known.</summary>
    private const int MaxChangedSpaces = 4096;

    /// <summary>
    /// No write is under way longer after it was charged: that is answered within 3 s, then it may be sent for 5 s, and
    /// is answered within 9 s.
    /// </summary>
    private static readonly TimeSpan WritesEnd = TimeSpan.FromSeconds(20);

    public static readonly ResourceDefinition Definition = BuiltInResources.Table.Find(WellKnown.ResourceQuotas)
        ?? throw new InvalidOperationException("ResourceQuotas are served.");

    private readonly QuotaReserves _reserves = new(store);
    private readonly Dictionary<ObjectKey, QuotaAccount> _accounts = [];
    private readonly HashSet<QuotaAccount> _waiting = [];

    /// <summary>Namespaces of which somebody else's version is on its way.</summary>
    private readonly HashSet<string> _held = new(StringComparer.Ordinal);

    /// <summary>When a quota of a namespace was last changed but for being charged.</summary>
    private readonly Dictionary<string, long> _changed = new(StringComparer.Ordinal);

    /// <summary>The same for all namespaces that are not there.</summary>
    private long _changedElsewhere;
    private Task? _reserving;
    private bool _isClosed;

    /// <inheritdoc/>
    public bool IsWaiting => _waiting.Count > 0;

    /// <inheritdoc/>
    public async Task OpenAsync(Journal journal)
    {
        _accounts.Clear();
        _waiting.Clear();
        _held.Clear();
        _changed.Clear();
        _changedElsewhere = journal.Revision;
        foreach (var reserve in await _reserves.OpenAsync())
        {
            var quota = await store.ReadObjectAsync(WellKnown.ResourceQuotas, reserve.Key, CancellationToken.None);
            if (quota?.Uid == reserve.Uid)
            {
                TakeForUsed(new QuotaAccount(quota), reserve);
            }
            else
            {
                _reserves.Drop(reserve.Key);
            }
        }

        if (IsWaiting)
        {
            _ = RecountLaterAsync([.. _waiting.Select(static a => a.Key)]);
        }
    }

    /// <inheritdoc/>
    public (QuotaAnswer? Answer, Task? Wait) TryCharge(Journal journal, QuotaRequest request)
    {
        if (_isClosed)
        {
            throw new StoreUnavailableException("the books of quotas are moving; try again");
        }

        if (_held.Contains(request.Namespace))
        {
            return (null, journal.BatchEndedAsync());
        }

        if (request.Revision < _changed.GetValueOrDefault(request.Namespace, _changedElsewhere))
        {
            return (new QuotaAnswer { IsOutdated = true }, null);
        }

        if (Missing(request) is { Count: > 0 } missing)
        {
            return (null, LoadAsync(journal, missing));
        }

        Entry[] entries = [.. request.Writes.Select(w => EntryOf(request.Namespace, w))];
        return IsReserved(entries) ? (Charge(entries), null) : (null, ReserveAsync(journal));
    }

    /// <inheritdoc/>
    public IReadOnlyList<PendingWrite> Take(int max)
    {
        var moment = ApiTime.Seconds(time.GetUtcNow());
        return [.. _waiting.Take(max).Select(a => a.Send(moment))];
    }

    /// <inheritdoc/>
    public void Sending(IReadOnlyList<Change> changes)
    {
        foreach (var change in changes.Where(c => !IsOurs(c)))
        {
            _held.Add(change.Object.Key.Namespace);
        }
    }

    /// <inheritdoc/>
    public void Published(Change change)
    {
        var key = change.Object.Key;
        var account = _accounts.GetValueOrDefault(key);
        if (account?.HasSent(change) == true)
        {
            account.Published();
            if (!account.IsWaiting)
            {
                _waiting.Remove(account);
            }

            return;
        }

        Invariant.Check(
            account is null || !_waiting.Contains(account), "what is charged is stored before others write", key);
        NoteChange(change);
        _accounts.Remove(key);
        if (change.Kind == ChangeKind.Deleted)
        {
            _reserves.Drop(key);
        }
        else if (account is not null)
        {
            _accounts[key] = new QuotaAccount(change.Object);
        }
    }

    /// <inheritdoc/>
    public void Ended() => _held.Clear();

    /// <inheritdoc/>
    public void Close() => _isClosed = true;

    /// <inheritdoc/>
    public async Task SettleAsync()
    {
        if (_reserving is { } reserving)
        {
            await reserving.ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        // Whoever has taken them over meanwhile takes them for used.
        await _reserves.ClearAsync();
    }

    /// <summary>The quotas that are not in the books yet; null for none.</summary>
    private HashSet<ObjectKey>? Missing(QuotaRequest request)
    {
        HashSet<ObjectKey>? missing = null;
        foreach (var need in request.Writes)
        {
            foreach (var part in need.Parts)
            {
                var key = new ObjectKey(request.Namespace, part.Quota);
                if (!_accounts.ContainsKey(key))
                {
                    (missing ??= []).Add(key);
                }
            }
        }

        return missing;
    }

    private void TakeForUsed(QuotaAccount account, QuotaReserve reserve)
    {
        // Of a reserve that cannot be read it is known only that no more was charged than there may be.
        if (account.RaiseTo(reserve.Amounts ?? account.Use.Limits))
        {
            _accounts[account.Key] = account;
            _waiting.Add(account);
        }
    }

    private async Task RecountLaterAsync(IReadOnlyList<ObjectKey> quotas)
    {
        await Task.Delay(WritesEnd, time);
        foreach (var quota in quotas)
        {
            recount(quota);
        }
    }

    private bool IsOurs(Change change) => _accounts.GetValueOrDefault(change.Object.Key)?.HasSent(change) == true;

    private void NoteChange(Change change)
    {
        if (_changed.Count >= MaxChangedSpaces)
        {
            _changed.Clear();
            _changedElsewhere = change.Object.Revision;
        }

        _changed[change.Object.Key.Namespace] = change.Object.Revision;
    }

    private async Task LoadAsync(Journal journal, IReadOnlyCollection<ObjectKey> missing)
    {
        foreach (var key in missing)
        {
            if (await journal.ReadStoredAsync(key, CancellationToken.None) is { } quota && journal.IsNewest(quota))
            {
                _accounts.TryAdd(key, new QuotaAccount(quota));
            }
        }
    }

    private Entry EntryOf(string space, QuotaNeed need) => new(
        [
            .. need.Parts.Select(p => new EntryPart(
                _accounts[new ObjectKey(space, p.Quota)],
                [.. p.More.Select(static m => new QuotaGrowth(m.Key, Quantity.Parse(m.Value)))])),
        ],
        need.IsOwed, need.Pretends);

    /// <summary>True when all of it may be charged now; else what is missing is wanted of the reserves.</summary>
    private bool IsReserved(IReadOnlyList<Entry> entries)
    {
        var isReserved = true;
        foreach (var ((account, name), (amount, isOwed)) in Sums(entries))
        {
            var (used, hard) = (account.Use.Used(name), account.Use.Hard(name));
            var needed = isOwed ? used + amount : Least(used + amount, Most(used, hard));
            if (needed > used && !_reserves.Covers(account, name, needed))
            {
                _reserves.Want(account, name, Most(needed, Least(hard, used + Ahead(amount))));
                isReserved = false;
            }
        }

        return isReserved;
    }

    /// <summary>What all of the writes would use together, and whether something of it is used already.</summary>
    private static Dictionary<(QuotaAccount Account, string Name), (Quantity Amount, bool IsOwed)> Sums(
        IReadOnlyList<Entry> entries)
    {
        var sums = new Dictionary<(QuotaAccount Account, string Name), (Quantity Amount, bool IsOwed)>();
        foreach (var entry in entries)
        {
            foreach (var (account, more) in entry.Parts)
            {
                foreach (var (name, amount) in more)
                {
                    ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, (account, name), out var isKnown);
                    sum = isKnown ? (sum.Amount + amount, sum.IsOwed || entry.IsOwed) : (amount, entry.IsOwed);
                }
            }
        }

        return sums;
    }

    private static Quantity Ahead(Quantity amount)
    {
        for (var i = 0; i < ReserveDoublings; i++)
        {
            amount += amount;
        }

        return amount;
    }

    private static Quantity Least(Quantity left, Quantity right) => left < right ? left : right;

    private static Quantity Most(Quantity left, Quantity right) => left < right ? right : left;

    /// <summary>
    /// One commit for all that want a reserve at that time. Who comes while it is on its way looks again after it, and
    /// then shares the next.
    /// </summary>
    private Task ReserveAsync(Journal journal) =>
        _reserving = _reserving is { IsCompleted: false } running ? running : StoreReservesAsync(journal);

    private async Task StoreReservesAsync(Journal journal)
    {
        // Calls that are already scheduled on this activation get into it.
        await Task.Yield();
        try
        {
            if (!await _reserves.StoreAsync())
            {
                journal.Lose("another silo keeps its books");
            }
        }
        catch (Exception failure) when (failure is not StoreUnavailableException)
        {
            journal.Lose("the outcome of a reserve is unknown");
            throw new StoreUnavailableException($"a reserve of quotas could not be stored: {failure.Message}");
        }
    }

    private QuotaAnswer Charge(Entry[] entries)
    {
        var refusals = new string?[entries.Length];
        for (var i = 0; i < refusals.Length; i++)
        {
            refusals[i] = entries[i].Exceeded;
            if (refusals[i] is null && !entries[i].Pretends)
            {
                Charge(entries[i]);
            }
        }

        return new QuotaAnswer { Refusals = refusals };
    }

    private void Charge(Entry entry)
    {
        foreach (var (account, more) in entry.Parts)
        {
            account.Charge(more);
            _waiting.Add(account);
            Invariant.Check(
                more.All(m => _reserves.Covers(account, m.Name, account.Use.Used(m.Name))),
                "what is charged is reserved", account.Key);
        }
    }

    /// <summary>What one write is charged.</summary>
    private sealed record Entry(EntryPart[] Parts, bool IsOwed, bool Pretends)
    {
        /// <summary>Why the quotas do not bear it, in upstream's words; null when they do.</summary>
        public string? Exceeded => IsOwed
            ? null
            : Parts.Select(static p => p.Account.Use.ExceededBy(p.More)).FirstOrDefault(static e => e is not null);
    }

    private readonly record struct EntryPart(QuotaAccount Account, QuotaGrowth[] More);
}
