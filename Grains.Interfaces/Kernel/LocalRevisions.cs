using System.Collections.Concurrent;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>What a journal has published, to be read from any thread of its silo.</summary>
public interface ILeasedRevision
{
    /// <summary>
    /// The newest committed revision, valid at some instant during the call, as <see
    /// cref="IJournalGrain.GetRevisionAsync"/> says it; false when the journal must be asked, because its lease is
    /// over.
    /// </summary>
    bool TryRead(out long revision);
}

/// <summary>
/// The revisions of the journals that live in this silo: its readers need no call, and no turn of a grain, to learn
/// what they must have seen (P5). A journal of another silo is asked.
/// </summary>
public sealed class LocalRevisions
{
    private readonly ConcurrentDictionary<ResourceName, LocalRevision> _all = new();

    /// <summary>That of one resource, wherever its journal lives, now and later.</summary>
    public LocalRevision Of(ResourceName resource) => _all.GetOrAdd(resource, static _ => new LocalRevision());
}

/// <summary>The revision of one resource, while its journal lives in this silo.</summary>
public sealed class LocalRevision
{
    private volatile ILeasedRevision? _journal;

    /// <summary>As <see cref="ILeasedRevision.TryRead"/>; false, too, when the journal lives elsewhere.</summary>
    public bool TryRead(out long revision)
    {
        revision = 0;
        return _journal?.TryRead(out revision) == true;
    }

    /// <summary>The journal has come to live here.</summary>
    public void Begin(ILeasedRevision journal) => _journal = journal;

    /// <summary>The journal has ended; a successor that has begun here meanwhile stays.</summary>
    public void End(ILeasedRevision journal) => Interlocked.CompareExchange(ref _journal, null, journal);
}
