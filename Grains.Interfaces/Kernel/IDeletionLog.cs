namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// What went, and when: watches show what an object was at the end, which says so only of those that were marked first.
/// </summary>
public interface IDeletionLog
{
    /// <summary>
    /// Objects of a resource that went since a time, the newest first, as far as the change log goes back.
    /// </summary>
    /// <param name="resource">The resource.</param>
    /// <param name="namespace">Only of that one; empty for all.</param>
    /// <param name="since">The earliest time.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<Deletion>> ReadDeletionsAsync(
        ResourceName resource, string @namespace, DateTimeOffset since, int max, CancellationToken cancellationToken);
}

/// <summary>An object that went.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Uid">Its identity.</param>
/// <param name="Revision">Of the deletion.</param>
/// <param name="At">When it was committed.</param>
public sealed record Deletion(ObjectKey Key, string Uid, long Revision, DateTimeOffset At);
