using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>
/// The webhooks of all configurations of a kind, in the order of their names, as this silo's cache has them: compiled
/// once a revision. Where there are none, asking costs two reads of memory.
/// </summary>
internal sealed class HookSource(
    ResourceCaches caches, TimeProvider time, ResourceName resource,
    Func<ResourceObject, IEnumerable<AdmissionHook>> read)
{
    /// <summary>How long a write waits for the configurations to be read; upstream's number.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private ResourceCache? _cache;
    private Compiled? _compiled;

    /// <summary>False when it is known that there are none.</summary>
    public bool MayHaveAny => Volatile.Read(ref _cache) is not { } cache || Compile(cache.Current).Hooks.Length > 0;

    /// <summary>All webhooks; null when the configurations cannot be read in time.</summary>
    public async ValueTask<AdmissionHook[]?> ReadAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _cache) is { } known)
        {
            return Compile(known.Current).Hooks;
        }

        using var over = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            var cache = await caches.GetAsync(resource, both.Token);
            Volatile.Write(ref _cache, cache);
            return Compile(cache.Current).Hooks;
        }
        catch (Exception failure) when (
            failure is StoreUnavailableException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The webhooks of a snapshot. Two writes may compile the same one at once; either will do.</summary>
    private Compiled Compile(CacheSnapshot snapshot)
    {
        var compiled = Volatile.Read(ref _compiled);
        if (compiled is null || !ReferenceEquals(compiled.Snapshot, snapshot))
        {
            compiled = new Compiled(snapshot, [.. snapshot.Range().SelectMany(read)]);
            Volatile.Write(ref _compiled, compiled);
        }

        return compiled;
    }

    private sealed record Compiled(CacheSnapshot Snapshot, AdmissionHook[] Hooks);
}
