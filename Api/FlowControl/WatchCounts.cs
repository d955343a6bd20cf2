using System.Collections.Concurrent;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>How many clients of this server watch what: each of them costs something at every write.</summary>
public sealed class WatchCounts
{
    private readonly ConcurrentDictionary<(ResourceName Resource, string Namespace, string Name), int> _counts = new();

    /// <summary>A watch has begun.</summary>
    public void Add(RequestInfo watch) => _counts.AddOrUpdate(KeyOf(watch), 1, static (_, count) => count + 1);

    /// <summary>It is over.</summary>
    public void Remove(RequestInfo watch)
    {
        var key = KeyOf(watch);
        _counts.AddOrUpdate(key, 0, static (_, count) => count - 1);
        _counts.TryRemove(new(key, 0));
    }

    /// <summary>How many watches a write is likely to reach, by resource, namespace and name.</summary>
    public int Of(RequestInfo write)
    {
        var resource = write.ResourceName;
        var count = Count(resource, "", "");
        if (write.Namespace.Length > 0)
        {
            count += Count(resource, write.Namespace, "");
        }

        return write.Name.Length > 0 ? count + Count(resource, write.Namespace, write.Name) : count;
    }

    private int Count(ResourceName resource, string space, string name) =>
        _counts.TryGetValue((resource, space, name), out var count) ? count : 0;

    private static (ResourceName Resource, string Namespace, string Name) KeyOf(RequestInfo watch) =>
        (watch.ResourceName, watch.Namespace, watch.Name);
}
