namespace OrleansOrchestrator.Grains.Security;

/// <summary>Where the keys are kept that sign tokens of service accounts.</summary>
public interface ITokenKeyStore
{
    /// <summary>All keys; the first is that of the cluster's identity.</summary>
    Task<IReadOnlyList<SigningKey>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Adds a key.</summary>
    Task AddAsync(SigningKey key, CancellationToken cancellationToken);

    /// <summary>Notes that a key signs a token that lives so long; false when the key is gone.</summary>
    Task<bool> ExtendAsync(string id, DateTimeOffset expiry, CancellationToken cancellationToken);

    /// <summary>Forgets a key, unless it has signed a token meanwhile.</summary>
    Task RemoveAsync(SigningKey key, CancellationToken cancellationToken);
}
