using System.Runtime.InteropServices;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>By what a watcher is found.</summary>
internal enum WatchIndexKind
{
    Namespace,
    Key,
    Field,
}

/// <summary>What an indexed watcher wants.</summary>
/// <param name="Kind">Which of the following counts.</param>
/// <param name="Field">Position among the cache's indexed fields.</param>
/// <param name="Text">The namespace, or the field's value.</param>
/// <param name="Key">The object.</param>
internal readonly record struct WatchIndexKey(WatchIndexKind Kind, int Field, string Text, ObjectKey Key);

/// <summary>
/// The live watchers of a cache. An event costs the watchers of everything one wake-up a batch, and touches of the
/// others only those it concerns: with a thousand kubelets watching, a pod's event goes to one. Guarded by the cache's
/// lock.
/// </summary>
internal sealed class WatcherSet
{
    private readonly HashSet<CacheWatcher> _all = [];
    private readonly HashSet<CacheWatcher> _ofEverything = [];
    private readonly Dictionary<WatchIndexKey, List<CacheWatcher>> _byKey = [];

    /// <summary>How many of the indexed watchers are of each kind: kinds without any cost no look-up.</summary>
    private readonly int[] _kinds = new int[3];

    public int Count => _all.Count;

    public void Add(CacheWatcher watcher)
    {
        _all.Add(watcher);
        if (watcher.Key is not { } key)
        {
            _ofEverything.Add(watcher);
            return;
        }

        ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(_byKey, key, out _);
        (list ??= []).Add(watcher);
        _kinds[(int)key.Kind]++;
    }

    public void Remove(CacheWatcher watcher)
    {
        if (!_all.Remove(watcher))
        {
            return;
        }

        if (watcher.Key is not { } key)
        {
            _ofEverything.Remove(watcher);
            return;
        }

        var list = _byKey[key];
        list.Remove(watcher);
        _kinds[(int)key.Kind]--;
        if (list.Count == 0)
        {
            _byKey.Remove(key);
        }
    }

    /// <summary>Hands an event to the watchers that are found by index.</summary>
    public void Dispatch(CacheEvent item, CachedObject? previous, CachedObject? next, int maxQueued)
    {
        var key = item.Object.Key;
        if (_kinds[(int)WatchIndexKind.Namespace] > 0)
        {
            Dispatch(new WatchIndexKey(WatchIndexKind.Namespace, 0, key.Namespace, default), item, maxQueued);
        }

        if (_kinds[(int)WatchIndexKind.Key] > 0)
        {
            Dispatch(new WatchIndexKey(WatchIndexKind.Key, 0, "", key), item, maxQueued);
        }

        if (_kinds[(int)WatchIndexKind.Field] > 0)
        {
            DispatchFields(item, previous, next, maxQueued);
        }
    }

    public void WakeWatchersOfEverything()
    {
        foreach (var watcher in _ofEverything)
        {
            watcher.Wake();
        }
    }

    public void Tick(long now)
    {
        foreach (var watcher in _all)
        {
            watcher.Tick(now);
        }
    }

    public void CloseAll(CacheWatchEnd end)
    {
        foreach (var watcher in _all)
        {
            watcher.Close(end);
        }
    }

    private void DispatchFields(CacheEvent item, CachedObject? previous, CachedObject? next, int maxQueued)
    {
        var count = (next ?? previous)!.Fields.Length;
        for (var i = 0; i < count; i++)
        {
            var (old, now) = (previous?.Fields[i], next?.Fields[i]);
            if (now is not null)
            {
                Dispatch(new WatchIndexKey(WatchIndexKind.Field, i, now, default), item, maxQueued);
            }

            if (old is not null && !string.Equals(old, now, StringComparison.Ordinal))
            {
                Dispatch(new WatchIndexKey(WatchIndexKind.Field, i, old, default), item, maxQueued);
            }
        }
    }

    private void Dispatch(WatchIndexKey key, CacheEvent item, int maxQueued)
    {
        if (_byKey.TryGetValue(key, out var watchers))
        {
            foreach (var watcher in watchers)
            {
                watcher.Enqueue(item, maxQueued);
            }
        }
    }
}
