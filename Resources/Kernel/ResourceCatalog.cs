namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// What this server serves at the moment: the built-in kinds, and the groups that others add. A reader takes
/// <see cref="Current"/> once and works with that; who follows kinds as they come and go waits for
/// <see cref="Changed"/> before it looks, so that it misses nothing.
/// </summary>
public sealed class ResourceCatalog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IReadOnlyList<ResourceKind>> _added = new(StringComparer.Ordinal);
    private readonly ResourceTable _builtIn;
    private readonly HashSet<string> _builtInGroups;
    private volatile Snapshot _snapshot;

    public ResourceCatalog(ResourceTable builtIn)
    {
        _builtIn = builtIn;
        _builtInGroups = builtIn.Kinds.Select(static k => k.Name.Group).ToHashSet(StringComparer.Ordinal);
        _snapshot = new Snapshot(builtIn);
    }

    /// <summary>All kinds; never changes.</summary>
    public ResourceTable Current => _snapshot.Table;

    /// <summary>Completes when what <see cref="Current"/> says now is so no more.</summary>
    public Task Changed => _snapshot.Replaced.Task;

    /// <summary>Whether a group is the server's own: nothing that others add is served in it.</summary>
    public bool IsBuiltIn(string group) => _builtInGroups.Contains(group);

    /// <summary>Says which kinds a source adds, in place of those that it added before.</summary>
    /// <param name="source">Who adds them.</param>
    /// <param name="kinds">All of them; of two that have one name, the first is served.</param>
    public void Set(string source, IReadOnlyList<ResourceKind> kinds)
    {
        Snapshot before;
        lock (_lock)
        {
            before = _snapshot;
            if (_added.TryGetValue(source, out var known) && known.SequenceEqual(kinds))
            {
                return;
            }

            _added[source] = kinds;
            _snapshot = new Snapshot(_builtIn.With(
                _added.OrderBy(a => a.Key, StringComparer.Ordinal).SelectMany(a => a.Value)
                    .Where(k => !IsBuiltIn(k.Name.Group))));
        }

        before.Replaced.TrySetResult();
    }

    private sealed record Snapshot(ResourceTable Table)
    {
        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
