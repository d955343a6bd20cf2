using OrleansOrchestrator.Interfaces.Kernel;

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
    private readonly HashSet<(string Group, string Version)> _builtInVersions;
    private volatile Snapshot _snapshot;

    public ResourceCatalog(ResourceTable builtIn)
    {
        _builtIn = builtIn;
        _builtInVersions = [.. builtIn.All.Select(static d => (d.Name.Group, d.Version))];
        _snapshot = new Snapshot(builtIn);
    }

    /// <summary>All kinds; never changes.</summary>
    public ResourceTable Current => _snapshot.Table;

    /// <summary>Completes when what <see cref="Current"/> says now is so no more.</summary>
    public Task Changed => _snapshot.Replaced.Task;

    /// <summary>
    /// Whether nothing of a kind that others define is served: a group version of the server's own hides what others
    /// add to it, as upstream's routes do it, and a resource or kind of its own those of the same name in its group,
    /// whose objects they would share here.
    /// </summary>
    public bool Hides(ResourceName name, string kind, IEnumerable<string> versions) =>
        versions.All(v => _builtInVersions.Contains((name.Group, v)))
        || _builtIn.Kinds.Any(k => k.Name == name || (k.Name.Group == name.Group && k.Kind == kind));

    /// <summary>What is served of a kind that others define; null when that is nothing.</summary>
    public ResourceKind? Shown(ResourceKind kind)
    {
        if (Hides(kind.Name, kind.Kind, kind.Versions.Select(static v => v.Version)))
        {
            return null;
        }

        return kind.Versions.Any(IsHidden)
            ? kind with
            {
                Versions = [.. kind.Versions.Select(v => v with { IsServed = v.IsServed && !IsHidden(v) })],
            }
            : kind;

        bool IsHidden(ResourceDefinition version) => _builtInVersions.Contains((kind.Name.Group, version.Version));
    }

    /// <summary>Says which kinds a source adds, in place of those that it added before.</summary>
    /// <param name="source">Who adds them.</param>
    /// <param name="kinds">All that are shown; of two that have one name, the first is served.</param>
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
                _added.OrderBy(a => a.Key, StringComparer.Ordinal).SelectMany(a => a.Value)));
        }

        before.Replaced.TrySetResult();
    }

    private sealed record Snapshot(ResourceTable Table)
    {
        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
