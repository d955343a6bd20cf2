using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Which images nodes have pulled already, and how many nodes have each.</summary>
public sealed class ImageTable
{
    private readonly Dictionary<string, int> _nodes = new(StringComparer.Ordinal);
    private int _nodeCount;

    /// <summary>
    /// Moves when an image is on more or fewer nodes, or on another part of them: scores from before are stale then.
    /// </summary>
    public long Version { get; private set; }

    /// <summary>Nodes came or went.</summary>
    public void CountNodes(int change)
    {
        _nodeCount += change;
        Version += _nodes.Count > 0 ? 1 : 0;
    }

    /// <summary>A node has other images, or others sizes of them.</summary>
    public void Replace(Dictionary<string, long> before, Dictionary<string, long> after)
    {
        if (Maps.Same(before, after))
        {
            return;
        }

        Version++;
        foreach (var name in before.Keys.Where(n => --_nodes[n] == 0))
        {
            _nodes.Remove(name);
        }

        foreach (var name in after.Keys)
        {
            _nodes[name] = _nodes.GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>The part of the nodes that have an image.</summary>
    public double Spread(string image) => (double)_nodes.GetValueOrDefault(image) / _nodeCount;

    /// <summary>As nodes name images: with a tag.</summary>
    public static string FullName(string image) =>
        image.LastIndexOf(':') <= image.LastIndexOf('/') ? image + ":latest" : image;
}
