using System.Collections.Immutable;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>The keys of a cluster that is gone with its process.</summary>
internal sealed class MemoryTokenKeyStore(IClusterIdentityStore identity, TimeProvider time) : ITokenKeyStore
{
    private readonly Lock _lock = new();
    private ImmutableList<SigningKey> _keys = [];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SigningKey>> ReadAsync(CancellationToken cancellationToken)
    {
        var first = await identity.GetAsync(cancellationToken);
        lock (_lock)
        {
            return _keys = _keys.IsEmpty ? [first.FirstTokenKey(time.GetUtcNow())] : _keys;
        }
    }

    /// <inheritdoc/>
    public Task AddAsync(SigningKey key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _keys = _keys.Add(key);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> ExtendAsync(string id, DateTimeOffset expiry, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var key = _keys.Find(k => k.Id == id);
            _keys = key is null || key.LastExpiry >= expiry
                ? _keys
                : _keys.Replace(key, key with { LastExpiry = expiry });
            return Task.FromResult(key is not null);
        }
    }

    /// <inheritdoc/>
    public Task RemoveAsync(SigningKey key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _keys = _keys.Remove(key);
        }

        return Task.CompletedTask;
    }
}
