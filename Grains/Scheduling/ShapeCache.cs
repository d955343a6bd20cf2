namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What filters and scores said of one shape on each node, and which state of the node they saw.</summary>
internal sealed class ShapeResults
{
    private readonly int _scaledScores;

    public ShapeResults(int scaledScores)
    {
        _scaledScores = scaledScores;
        Scaled = [.. Enumerable.Range(0, scaledScores).Select(_ => Array.Empty<int>())];
    }

    /// <summary>By node slot; 0 for never.</summary>
    public long[] Versions { get; private set; } = [];

    /// <summary>Null: the pod may run there.</summary>
    public Verdict?[] Verdicts { get; private set; } = [];

    /// <summary>Weighted sum of the scores that need no scaling.</summary>
    public int[] Fixed { get; private set; } = [];

    /// <summary>Raw scores that are scaled over all candidates, by plugin and slot.</summary>
    public int[][] Scaled { get; }

    public long LastUse { get; set; }

    /// <summary><see cref="ImageTable.Version"/> that scores have seen.</summary>
    public long Images { get; set; }

    public void Reserve(int slots)
    {
        if (Versions.Length >= slots)
        {
            return;
        }

        var size = Math.Max(slots, Versions.Length * 2);
        Versions = Resized(Versions, size);
        Verdicts = Resized(Verdicts, size);
        Fixed = Resized(Fixed, size);
        for (var i = 0; i < _scaledScores; i++)
        {
            Scaled[i] = Resized(Scaled[i], size);
        }
    }

    private static T[] Resized<T>(T[] old, int size)
    {
        Array.Resize(ref old, size);
        return old;
    }
}

/// <summary>
/// Lends result tables to the shapes in use. A table for 1,000 nodes takes some 30 kB, so only the most recently used
/// shapes have one.
/// </summary>
internal sealed class ShapeCache(int scaledScores, int capacity)
{
    private readonly List<PodShape> _holders = [];
    private long _clock;

    public ShapeResults Get(PodShape shape, int slots)
    {
        if (shape.Results is null)
        {
            Lend(shape);
        }

        var results = shape.Results!;
        results.LastUse = ++_clock;
        results.Reserve(slots);
        return results;
    }

    private void Lend(PodShape shape)
    {
        if (_holders.Count < capacity)
        {
            _holders.Add(shape);
            shape.Results = new ShapeResults(scaledScores);
            return;
        }

        var oldest = 0;
        for (var i = 1; i < _holders.Count; i++)
        {
            if (_holders[i].Results!.LastUse < _holders[oldest].Results!.LastUse)
            {
                oldest = i;
            }
        }

        var results = _holders[oldest].Results!;
        _holders[oldest].Results = null;
        Array.Clear(results.Versions);
        shape.Results = results;
        _holders[oldest] = shape;
    }
}
