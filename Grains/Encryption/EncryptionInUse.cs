using System.Collections.Concurrent;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// The configuration that this silo encrypts by, which may be replaced while requests go on: whoever reads or writes a
/// value takes what is there once, and ends with it.
/// </summary>
public sealed class EncryptionInUse(EncryptionConfiguration first) : IKeyChanges, IDisposable
{
    private readonly ConcurrentDictionary<ResourceName, int> _changes = new();
    private readonly Lock _replacing = new();
    private volatile EncryptionGeneration _generation = new(first);

    /// <summary>What values are read and written by now.</summary>
    public EncryptionConfiguration Current => _generation.Configuration;

    /// <summary>The same, with the time that it is in use.</summary>
    internal EncryptionGeneration Now => _generation;

    /// <inheritdoc/>
    public int KeyChangesOf(ResourceName resource) =>
        _changes.GetValueOrDefault(resource) + Current.KeyChangesOf(resource);

    /// <summary>Null when all plugins are well, else what is wrong with them, in upstream's words.</summary>
    public ValueTask<string?> CheckPluginsAsync(CancellationToken cancellationToken) =>
        Current.CheckPluginsAsync(cancellationToken);

    /// <summary>Has another from now on, which must read all that is stored.</summary>
    public void Use(EncryptionConfiguration next)
    {
        EncryptionGeneration old;
        lock (_replacing)
        {
            old = _generation;

            // Of other resources nothing was read, so nothing is in memory that does not know its age.
            foreach (var (resource, encryption) in old.Configuration.Found)
            {
                var before = encryption?.WritesWith ?? "";
                var more = (encryption?.KeyChanges ?? 0)
                    + (before == (next.Find(resource)?.WritesWith ?? "") ? 0 : 1);
                _changes.AddOrUpdate(resource, more, (_, count) => count + more);
            }

            _generation = new EncryptionGeneration(next);
        }

        old.End();
    }

    public void Dispose() => Current.Dispose();
}
