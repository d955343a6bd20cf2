using System.Text;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>The checksums that a kubelet's files carry: FNV-1a of what Go's debugging printer writes. Pure.</summary>
public static class GoChecksum
{
    private const uint Offset = 2166136261;
    private const uint Prime = 16777619;

    public static uint Of(string dump) =>
        Encoding.UTF8.GetBytes(dump).Aggregate(Offset, static (hash, octet) => unchecked((hash ^ octet) * Prime));

    /// <summary>A map, which the printer writes by its keys' order.</summary>
    public static string Map<T>(IEnumerable<KeyValuePair<string, T>> entries, Func<T, string> text) =>
        $"map[{string.Join(' ', entries.Select(e => $"{e.Key}:{text(e.Value)}"))}]";
}
