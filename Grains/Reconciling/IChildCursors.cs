using System.Collections.Concurrent;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>Keeps the cursors of <see cref="ChildSequence"/>s: reconcile bookkeeping that is no API object.</summary>
public interface IChildCursors
{
    /// <summary>0 for an owner that never saved one.</summary>
    ValueTask<int> LoadAsync(string ownerUid, CancellationToken cancellationToken);

    /// <summary>Lasts when it returns; never goes back.</summary>
    ValueTask SaveAsync(string ownerUid, int cursor, CancellationToken cancellationToken);

    /// <summary>The owner is gone, and nobody will ask again.</summary>
    ValueTask ForgetAsync(string ownerUid, CancellationToken cancellationToken);
}

/// <summary>Cursors that live as long as the process.</summary>
public sealed class MemoryChildCursors : IChildCursors
{
    private readonly ConcurrentDictionary<string, int> _cursors = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ValueTask<int> LoadAsync(string ownerUid, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_cursors.GetValueOrDefault(ownerUid));

    /// <inheritdoc/>
    public ValueTask SaveAsync(string ownerUid, int cursor, CancellationToken cancellationToken)
    {
        _cursors.AddOrUpdate(ownerUid, cursor, (_, before) => Math.Max(before, cursor));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask ForgetAsync(string ownerUid, CancellationToken cancellationToken)
    {
        _cursors.TryRemove(ownerUid, out _);
        return ValueTask.CompletedTask;
    }
}
