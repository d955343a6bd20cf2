namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>How much room the store takes.</summary>
public interface IStoreSize
{
    /// <summary>
    /// Bytes that are allocated on disk, with indexes, logs and what is to be reused. Throws when the store does not
    /// answer.
    /// </summary>
    Task<long> ReadAsync(CancellationToken cancellationToken);
}
