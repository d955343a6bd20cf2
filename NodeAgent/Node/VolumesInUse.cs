using System.Collections.Concurrent;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// The attachable volumes that the node has in use, or is about to: what its status says of that keeps the cluster from
/// detaching them. One is told before it is mounted, and no longer once nothing of it is left.
/// </summary>
/// <param name="leftBehind">What an earlier run of the agent left here, whether it is attachable or not.</param>
public sealed class VolumesInUse(IEnumerable<string> leftBehind)
{
    private readonly ConcurrentDictionary<string, byte> _used = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _leftBehind = new(
        leftBehind.Select(static name => KeyValuePair.Create(name, (byte)0)), StringComparer.Ordinal);

    /// <summary>Raised when the status is to say something else.</summary>
    public event Action? Changed;

    public void Add(string name)
    {
        if (_used.TryAdd(name, 0))
        {
            Changed?.Invoke();
        }
    }

    public void Remove(string name)
    {
        if (_used.TryRemove(name, out _) | _leftBehind.TryRemove(name, out _))
        {
            Changed?.Invoke();
        }
    }

    /// <summary>The names in their order. What was left behind is in use if the status before said so.</summary>
    public IReadOnlyList<string> Names(IEnumerable<string>? before) =>
    [
        .. (before ?? []).Where(_leftBehind.ContainsKey).Union(_used.Keys, StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];
}
