using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>
/// What configurations say, as this silo's caches have them: compiled once a revision. Where there are none, asking
/// costs a few reads of memory.
/// </summary>
/// <typeparam name="T">What configurations are compiled to.</typeparam>
/// <param name="caches">The caches.</param>
/// <param name="time">Measures how long writes wait for them.</param>
/// <param name="resources">The kinds of configurations.</param>
/// <param name="compile">What the objects of these kinds, in their order, say.</param>
internal sealed class CompiledSource<T>(
    ResourceCaches caches, TimeProvider time, IReadOnlyList<ResourceName> resources,
    Func<CacheSnapshot[], T[]> compile)
{
    /// <summary>How long a write waits for the configurations to be read; upstream's number.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private ResourceCache[]? _caches;
    private Compiled? _compiled;

    /// <summary>False when it is known that there are none.</summary>
    public bool MayHaveAny => Volatile.Read(ref _caches) is not { } known || Compile(known).Length > 0;

    /// <summary>
    /// Everything there is. Throws <see cref="StoreUnavailableException"/> when the configurations cannot be read in
    /// time: where upstream answers 403, clients are told to come again, as for all else that cannot be read.
    /// </summary>
    public async ValueTask<T[]> ReadAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _caches) is { } known)
        {
            return Compile(known);
        }

        using var over = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            var loaded = new ResourceCache[resources.Count];
            for (var i = 0; i < loaded.Length; i++)
            {
                loaded[i] = await caches.GetAsync(resources[i], both.Token);
            }

            Volatile.Write(ref _caches, loaded);
            return Compile(loaded);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreUnavailableException("configurations of admission are not read yet");
        }
    }

    /// <summary>What snapshots say. Two writes may compile the same ones at once; either will do.</summary>
    private T[] Compile(ResourceCache[] known)
    {
        var compiled = Volatile.Read(ref _compiled);
        if (compiled is null || !compiled.IsOf(known))
        {
            CacheSnapshot[] snapshots = [.. known.Select(static c => c.Current)];
            compiled = new Compiled(snapshots, compile(snapshots));
            Volatile.Write(ref _compiled, compiled);
        }

        return compiled.All;
    }

    private sealed record Compiled(CacheSnapshot[] Snapshots, T[] All)
    {
        public bool IsOf(ResourceCache[] known)
        {
            for (var i = 0; i < known.Length; i++)
            {
                if (!ReferenceEquals(known[i].Current, Snapshots[i]))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
