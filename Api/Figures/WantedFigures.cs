using System.Collections.Frozen;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// Which figures somebody wants to know. Pods tell thousands of series and autoscalers ask for a few of them: only
/// those are kept. Not for several threads at once.
/// </summary>
/// <param name="most">So many at a time.</param>
/// <param name="memory">One that nobody asked for in so long is wanted no more.</param>
internal sealed class WantedFigures(int most, TimeSpan memory)
{
    private readonly Dictionary<string, TimeSpan> _askedFor = new(StringComparer.Ordinal);
    private FrozenSet<string> _names = FrozenSet<string>.Empty;

    /// <summary>All that are wanted, this one among them; null when there are too many without it.</summary>
    public FrozenSet<string>? With(string figure, TimeSpan now)
    {
        var before = _askedFor.Count;
        foreach (var (name, _) in _askedFor.Where(a => now - a.Value > memory).ToList())
        {
            _askedFor.Remove(name);
        }

        if (_askedFor.Count >= most && !_askedFor.ContainsKey(figure))
        {
            return null;
        }

        _askedFor[figure] = now;
        if (before != _askedFor.Count || !_names.Contains(figure))
        {
            _names = _askedFor.Keys.ToFrozenSet(StringComparer.Ordinal);
        }

        return _names;
    }
}
