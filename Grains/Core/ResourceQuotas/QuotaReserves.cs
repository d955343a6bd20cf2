using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Amounts = System.Collections.Generic.Dictionary<string, OrleansOrchestrator.Resources.Kernel.Quantity>;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>
/// How far quotas may be charged before that is stored: the second half of the protocol of <see cref="QuotaBooks"/>.
/// They are the objects of a journal of their own that nobody else opens, each a ResourceQuota with the reserve as what
/// is used. Its epoch fences the books of a silo that was replaced.
/// </summary>
internal sealed class QuotaReserves(IJournalStore store)
{
    /// <summary>Not served: no kind has this name.</summary>
    public static readonly ResourceName Name = new("internal", "quotareserves");

    /// <summary>What is stored of each quota, and at which revision.</summary>
    private readonly Dictionary<ObjectKey, (QuotaReserve Reserve, long Revision)> _stored = [];

    /// <summary>What is to be stored next; null for what is to go.</summary>
    private Dictionary<ObjectKey, QuotaReserve?> _next = [];
    private long _epoch;
    private long _revision;

    /// <summary>Fences whoever kept the reserves before, and says what they have left.</summary>
    public async Task<IReadOnlyCollection<QuotaReserve>> OpenAsync()
    {
        var position = await store.OpenAsync(Name, CancellationToken.None);
        var snapshot = await store.ReadSnapshotAsync(Name, CancellationToken.None);
        (_epoch, _revision) = (position.Epoch, snapshot.Revision);
        _stored.Clear();
        _next = [];
        foreach (var item in snapshot.Objects)
        {
            _stored[item.Key] = (QuotaReserve.Read(item), item.Revision);
        }

        return [.. _stored.Values.Select(static s => s.Reserve)];
    }

    /// <summary>True when so much may be used before it is stored.</summary>
    public bool Covers(QuotaAccount account, string name, Quantity amount) =>
        Of(_stored.GetValueOrDefault(account.Key).Reserve, account.Uid)?.TryGetValue(name, out var reserved) == true
        && amount <= reserved;

    /// <summary>Wants so much to be stored next.</summary>
    public void Want(QuotaAccount account, string name, Quantity amount)
    {
        var key = account.Key;
        if (Of(_next.GetValueOrDefault(key), account.Uid) is not { } amounts)
        {
            amounts = new Amounts(
                Of(_stored.GetValueOrDefault(key).Reserve, account.Uid) ?? [], StringComparer.Ordinal);
            _next[key] = new QuotaReserve(key, account.Uid, amounts);
        }

        if (!amounts.TryGetValue(name, out var wanted) || wanted < amount)
        {
            amounts[name] = amount;
        }
    }

    /// <summary>A quota is gone: its reserve goes with the next that is stored.</summary>
    public void Drop(ObjectKey key) => _next[key] = null;

    /// <summary>
    /// Stores what is wanted; false when another silo keeps the reserves. Throws what <see
    /// cref="IJournalStore.AppendAsync"/> throws.
    /// </summary>
    public async Task<bool> StoreAsync()
    {
        var next = _next;
        _next = [];
        var changes = new List<Change>();
        foreach (var (key, reserve) in next.Where(n => n.Value is not null || _stored.ContainsKey(n.Key)))
        {
            changes.Add(ChangeOf(key, reserve, _revision + changes.Count + 1));
        }

        if (changes.Count > 0 && !await store.AppendAsync(Name, _epoch, changes, CancellationToken.None))
        {
            return false;
        }

        _revision += changes.Count;
        foreach (var change in changes)
        {
            Note(change, next[change.Object.Key]);
        }

        return true;
    }

    /// <summary>Leaves nothing.</summary>
    public Task<bool> ClearAsync()
    {
        _next = _stored.Keys.ToDictionary(static k => k, static _ => (QuotaReserve?)null);
        return StoreAsync();
    }

    private static Amounts? Of(QuotaReserve? reserve, string uid) => reserve?.Uid == uid ? reserve.Amounts : null;

    private Change ChangeOf(ObjectKey key, QuotaReserve? reserve, long revision)
    {
        var (known, previous) = _stored.GetValueOrDefault(key);
        var kind = reserve is null ? ChangeKind.Deleted : previous == 0 ? ChangeKind.Added : ChangeKind.Modified;
        return new Change(kind, (reserve ?? known).Write(revision)) { PreviousRevision = previous };
    }

    private void Note(Change change, QuotaReserve? reserve)
    {
        var key = change.Object.Key;
        if (reserve is null)
        {
            _stored.Remove(key);
        }
        else
        {
            _stored[key] = (reserve, change.Object.Revision);
        }
    }
}

/// <summary>How much of one quota may be used before that is stored.</summary>
/// <param name="Key">The quota.</param>
/// <param name="Uid">Not of another one by its name.</param>
/// <param name="Amounts">Of what it bounds; null when that cannot be read any more.</param>
internal sealed record QuotaReserve(ObjectKey Key, string Uid, Dictionary<string, Quantity>? Amounts)
{
    /// <summary>What <see cref="Write"/> wrote, also when a key is gone that it was encrypted with.</summary>
    public static QuotaReserve Read(ResourceObject item) => new(
        item.Key, item.Uid,
        item.Refusal is null
            ? ResourceCodec.Decode<V1ResourceQuota>(item.Json).Status.Used.ToDictionary(
                static u => u.Key, static u => Quantity.Of(u.Value), StringComparer.Ordinal)
            : null);

    /// <summary>The form in which it is stored.</summary>
    public ResourceObject Write(long revision) => new(Key, Uid, revision, ResourceCodec.EncodeAsStored(new V1ResourceQuota
    {
        Metadata = new V1ObjectMeta
        {
            Name = Key.Name,
            NamespaceProperty = Key.Namespace,
            Uid = Uid,
            ResourceVersion = revision.ToString(System.Globalization.CultureInfo.InvariantCulture),
        },
        Status = new V1ResourceQuotaStatus
        {
            Used = (Amounts ?? []).ToDictionary(
                static a => a.Key, static a => a.Value.ToModel(), StringComparer.Ordinal),
        },
    }));
}
