using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Prefers nodes that have large images of the pod, those of its volumes included. One that few nodes have counts for
/// less, so that these few are not filled up. As upstream, volumes add to what a node has, and not to the most that
/// counts.
/// </summary>
public sealed class ImageLocalityPlugin(ImageTable images) : IScorePlugin
{
    private const long Megabyte = 1024 * 1024;

    /// <summary>Smaller ones are pulled in no time.</summary>
    private const long MinBytes = 23 * Megabyte;

    private const long MaxBytesPerContainer = 1000 * Megabyte;

    private const int MaxScore = 100;

    public string Name => "ImageLocality";

    public int Weight => 1;

    public ScoreScale Scale => ScoreScale.None;

    public int Score(PodShape pod, NodeInfo node)
    {
        if (node.Images.Count == 0 || pod.Images.Length == 0)
        {
            return 0;
        }

        var sum = Sum(pod.Images, node) + Sum(pod.ImageVolumes, node);
        var highest = MaxBytesPerContainer * pod.Images.Length;
        return (int)(MaxScore * (Math.Clamp(sum, MinBytes, highest) - MinBytes) / (highest - MinBytes));
    }

    private long Sum(string[] names, NodeInfo node)
    {
        var sum = 0L;
        foreach (var name in names)
        {
            if (node.Images.TryGetValue(name, out var size))
            {
                sum += (long)(size * images.Spread(name));
            }
        }

        return sum;
    }
}
