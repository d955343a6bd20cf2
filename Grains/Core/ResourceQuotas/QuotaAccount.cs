using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>One quota in the books: the version that is published, and what has been charged since.</summary>
internal sealed class QuotaAccount
{
    /// <summary>Who owns what is charged, as upstream's API server calls itself.</summary>
    private const string FieldManager = "kube-apiserver";

    private readonly V1ResourceQuota _quota;
    private ResourceObject _published;
    private PendingWrite? _sent;

    /// <summary>How many changes there were, how many of them were sent, and how many are published.</summary>
    private (long All, long Sent, long Published) _changes;

    /// <param name="published">The quota as it is stored.</param>
    public QuotaAccount(ResourceObject published)
    {
        _published = published;
        _quota = ResourceCodec.Decode<V1ResourceQuota>(published.Json);
        Use = new QuotaUse(_quota);
    }

    public ObjectKey Key => _published.Key;

    public string Uid => _published.Uid;

    /// <summary>True while something was charged that is not published.</summary>
    public bool IsWaiting => _changes.All != _changes.Published;

    /// <summary>How much may be used and is; changed by <see cref="Charge"/> and <see cref="RaiseTo"/> alone.</summary>
    public QuotaUse Use { get; }

    /// <summary>Charges so much.</summary>
    public void Charge(IReadOnlyList<QuotaGrowth> more)
    {
        Use.Add(more);
        _changes.All++;
    }

    /// <summary>Has at least so much used, of what has been counted; true when it was less.</summary>
    public bool RaiseTo(IEnumerable<KeyValuePair<string, Quantity>> amounts)
    {
        var isLess = Use.RaiseTo(amounts);
        _changes.All += isLess ? 1 : 0;
        return isLess;
    }

    /// <summary>The version to store.</summary>
    /// <param name="moment">The time, in whole seconds.</param>
    public PendingWrite Send(DateTime moment)
    {
        Use.WriteTo(_quota);
        ObjectOwners.StampStatus(QuotaBooks.Definition, FieldManager, _quota, _published, moment);
        var (json, offset) = ResourceCodec.EncodeForWrite(_quota);
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
}
