using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// Completion indexes as ascending intervals, and as Jobs write them in their status: <c>1,3-5,7</c>. Immutable.
/// </summary>
public sealed class IndexSet
{
    public static readonly IndexSet Empty = new([]);

    private readonly List<(int First, int Last)> _intervals;

    private IndexSet(List<(int First, int Last)> intervals) => _intervals = intervals;

    /// <summary>How many indexes there are.</summary>
    public int Count => _intervals.Sum(i => i.Last - i.First + 1);

    /// <summary>Some indexes, in any order.</summary>
    public static IndexSet Of(IEnumerable<int> indexes) => Join(indexes.Select(i => (i, i)));

    /// <summary>
    /// The indexes of a text that are below the number of completions; parts that are wrong are passed over.
    /// </summary>
    public static IndexSet Parse(string? text, int completions)
    {
        var intervals = new List<(int First, int Last)>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var limits = part.Split('-');
            if (TryRead(limits[0], out var first) && TryRead(limits[^1], out var last) && first < completions)
            {
                intervals.Add((first, Math.Min(last, completions - 1)));
            }
        }

        return Join(intervals);
    }

    public bool Contains(int index) => _intervals.Exists(i => i.First <= index && index <= i.Last);

    /// <summary>The indexes of both.</summary>
    public IndexSet With(IndexSet other) => Join(_intervals.Concat(other._intervals));

    /// <summary>How many indexes are in both.</summary>
    public int CountShared(IndexSet other)
    {
        var count = 0;
        for (var (i, j) = (0, 0); i < _intervals.Count && j < other._intervals.Count;)
        {
            var (a, b) = (_intervals[i], other._intervals[j]);
            count += Math.Max(0, Math.Min(a.Last, b.Last) - Math.Max(a.First, b.First) + 1);
            _ = a.Last < b.Last ? i++ : j++;
        }

        return count;
    }

    /// <summary>The indexes below a number that are not here, ascending.</summary>
    public IEnumerable<int> Missing(int completions)
    {
        var next = 0;
        foreach (var (first, last) in _intervals.Append((First: completions, Last: completions)))
        {
            for (; next < first && next < completions; next++)
            {
                yield return next;
            }

            next = Math.Max(next, last + 1);
        }
    }

    /// <summary>Two neighbours are written one by one, three and more as a range.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (first, last) in _intervals)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{first}");
            if (last > first)
            {
                text.Append(last == first + 1 ? ',' : '-').Append(CultureInfo.InvariantCulture, $"{last}");
            }
        }

        return text.ToString();
    }

    private static bool TryRead(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static IndexSet Join(IEnumerable<(int First, int Last)> intervals)
    {
        var joined = new List<(int First, int Last)>();
        foreach (var interval in intervals.Where(i => i.First <= i.Last).Order())
        {
            if (joined.Count > 0 && interval.First <= joined[^1].Last + 1)
            {
                joined[^1] = (joined[^1].First, Math.Max(joined[^1].Last, interval.Last));
            }
            else
            {
                joined.Add(interval);
            }
        }

        return new IndexSet(joined);
    }
}
