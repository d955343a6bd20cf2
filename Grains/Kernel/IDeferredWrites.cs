using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Writes that a journal has promised and stores a little later: decided in memory, many of them in one version of
/// their object. They enter the next batch before all others, and whoever reads afresh waits for that batch: so
/// nobody can tell them from writes that were committed when they were promised. What of them is lost with the silo
/// is the business of who makes the promises.
///
/// Not thread-safe: all members run on the scheduler of the journal.
/// </summary>
internal interface IDeferredWrites
{
    /// <summary>True while something is promised that is not stored.</summary>
    bool IsWaiting { get; }

    /// <summary>Forgets all, and takes up what the predecessor of a journal left that has just been opened.</summary>
    Task OpenAsync(Journal journal);

    /// <summary>What is promised and not stored, at most so many; no batch is on its way.</summary>
    IReadOnlyList<PendingWrite> Take(int max);

    /// <summary>These changes, of whomever, are on their way: of what they replace nothing can be promised.</summary>
    void Sending(IReadOnlyList<Change> changes);

    /// <summary>One of them is committed.</summary>
    void Published(Change change);

    /// <summary>No batch is on its way any more; those that are not published are surely not committed.</summary>
    void Ended();

    /// <summary>Promises nothing more.</summary>
    void Close();

    /// <summary>All is stored, and the journal answers no more: nothing is left to a successor.</summary>
    Task SettleAsync();
}
