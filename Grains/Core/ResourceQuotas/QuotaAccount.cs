using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>One quota in the books: the version that is published, and what has been charged since.</summary>
internal sealed class QuotaAccount(ResourceObject published)
{
    /// <summary>Who owns what is charged, as upstream's API server calls itself.</summary>
    private const string FieldManager = "kube-apiserver";

    private ResourceObject _published = published;
    private PendingWrite? _sent;

    /// <summary>How many changes there were, how many of them were sent, and how many are published.</summary>
    private (long All, long Sent, long Published) _changes;

    /// <summary>As it is charged; its owner's alone.</summary>
    public V1ResourceQuota Quota { get; } = ResourceCodec.Decode<V1ResourceQuota>(published.Json);

    public ObjectKey Key => _published.Key;

    public string Uid => _published.Uid;

    /// <summary>True while something was charged that is not published.</summary>
    public bool IsWaiting => _changes.All != _changes.Published;

    /// <summary>How much is used; nothing of what nobody has counted.</summary>
    public Quantity Used(string name) => Amount(Quota.Status?.Used, name);

    /// <summary>How much may be used.</summary>
    public Quantity Hard(string name) => Amount(Quota.Status?.Hard, name);

    /// <summary>How much may be used of everything.</summary>
    public Dictionary<string, Quantity> Limits() => (Quota.Status?.Hard ?? new Dictionary<string, ResourceQuantity>())
        .ToDictionary(static h => h.Key, static h => Quantity.Of(h.Value), StringComparer.Ordinal);

    /// <summary>Notes that it was charged.</summary>
    public void Charged() => _changes.All++;

    /// <summary>Has at least so much used, of what has been counted; true when it was less.</summary>
    public bool RaiseTo(IEnumerable<KeyValuePair<string, Quantity>> amounts)
    {
        var less = amounts.Where(a => Quota.Status?.Used?.ContainsKey(a.Key) == true && Used(a.Key) < a.Value).ToList();
        less.ForEach(a => Quota.Status.Used[a.Key] = a.Value.ToModel());
        _changes.All += less.Count;
        return less.Count > 0;
    }

    /// <summary>The version to store.</summary>
    /// <param name="moment">The time, in whole seconds.</param>
    public PendingWrite Send(DateTime moment)
    {
        ObjectOwners.StampStatus(QuotaBooks.Definition, FieldManager, Quota, _published, moment);
        var (json, offset) = ResourceCodec.EncodeForWrite(Quota);
        var write = new ObjectWrite
        {
            Kind = WriteKind.Update,
            ExpectedRevision = _published.Revision,
            Uid = Uid,
            Json = json,
            RevisionOffset = offset,
        };
        _changes.Sent = _changes.All;
        return _sent = new PendingWrite(new JournalWrite(Key, write), CancellationToken.None);
    }

    /// <summary>True for the version that was sent.</summary>
    public bool HasSent(Change change) => ReferenceEquals(_sent?.Answer.Value, change.Object);

    /// <summary>What was sent is published.</summary>
    public void Published()
    {
        _published = _sent!.Answer.Value!;
        _changes.Published = _changes.Sent;
    }

    private static Quantity Amount(IDictionary<string, ResourceQuantity>? amounts, string name) =>
        Quantity.Of(amounts?.TryGetValue(name, out var amount) == true ? amount : null);
}
