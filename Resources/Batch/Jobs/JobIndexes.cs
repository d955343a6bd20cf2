using System.Globalization;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>Sets of indexes as Jobs write them: ascending numbers and ranges, <c>1,3-5,7</c>.</summary>
public static class JobIndexes
{
    /// <summary>Counts the indexes of a text.</summary>
    /// <param name="text">The text; an empty one has none.</param>
    /// <param name="completions">All indexes are below.</param>
    /// <param name="total">How many there are; zero when the text is wrong.</param>
    /// <returns>What is wrong with the text, in upstream's words; null when nothing is.</returns>
    public static string? Read(string text, int completions, out int total)
    {
        total = 0;
        var sum = 0;
        int? last = null;
        foreach (var part in text.Length == 0 ? [] : text.Split(','))
        {
            if (ReadInterval(part, completions, out var interval) is { } problem)
            {
                return problem;
            }

            if (last >= interval.First)
            {
                return Unordered(last.Value, interval.First);
            }

            sum += interval.Last - interval.First + 1;
            last = interval.Last;
        }

        total = sum;
        return null;
    }

    /// <summary>The smallest index that two texts share; parts that are wrong are passed over.</summary>
    public static int? FirstShared(string left, string right, int completions)
    {
        var (a, b) = (Intervals(left, completions), Intervals(right, completions));
        for (var (i, j) = (0, 0); i < a.Count && j < b.Count;)
        {
            if (a[i].First <= b[j].Last && b[j].First <= a[i].Last)
            {
                return Math.Max(a[i].First, b[j].First);
            }

            _ = a[i].First <= b[j].First ? i++ : j++;
        }

        return null;
    }

    private static List<(int First, int Last)> Intervals(string text, int completions)
    {
        var result = new List<(int First, int Last)>();
        foreach (var part in text.Length == 0 ? [] : text.Split(','))
        {
            if (ReadInterval(part, completions, out var interval) is null)
            {
                result.Add(interval);
            }
        }

        return result;
    }

    private static string? ReadInterval(string text, int completions, out (int First, int Last) interval)
    {
        interval = default;
        var limits = text.Split('-');
        if (limits.Length > 2)
        {
            return $"the fragment {GoText.Quote(text)} violates the requirement that an index interval can have at " +
                "most two parts separated by '-'";
        }

        var last = 0;
        var problem = ReadIndex(limits[0], completions, out var first)
            ?? (limits.Length == 2 ? ReadIndex(limits[1], completions, out last) : null);
        if (problem is not null)
        {
            return problem;
        }

        if (limits.Length == 2 && first >= last)
        {
            return Unordered(first, last);
        }

        interval = (first, limits.Length == 2 ? last : first);
        return null;
    }

    private static string? ReadIndex(string text, int completions, out int index)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index))
        {
            return $"cannot convert string to integer for index: {GoText.Quote(text)}";
        }

        return index >= completions ? $"too large index: {GoText.Quote(text)}" : null;
    }

    private static string Unordered(int previous, int current) =>
        string.Create(
            CultureInfo.InvariantCulture, $"non-increasing order, previous: {previous}, current: {current}");
}
