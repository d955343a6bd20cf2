using CsCheck;
using OrleansOrchestrator.Resources.Batch.Jobs;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Batch.Jobs;

/// <summary>Sets of indexes, against sets.</summary>
public sealed class JobIndexesTests
{
    private const int Completions = 40;

    private static readonly Gen<SortedSet<int>> Sets =
        Gen.Int[0, Completions - 1].HashSet[0, 12].Select(s => new SortedSet<int>(s));

    [Theory]
    [InlineData("5-9", "too large index: \"5\"")]
    [InlineData("2-9", "too large index: \"9\"")]
    [InlineData("a", "cannot convert string to integer for index: \"a\"")]
    [InlineData("3-1", "non-increasing order, previous: 3, current: 1")]
    [InlineData("1,1", "non-increasing order, previous: 1, current: 1")]
    [InlineData(
        "1-2-3",
        "the fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts " +
        "separated by '-'")]
    public void SaysWhatIsWrong(string text, string problem)
    {
        Assert.Equal(problem, JobIndexes.Read(text, 5, out var total));
        Assert.Equal(0, total);
    }

    [Fact]
    public void CountsWhatIsWritten() => Sets.Check(
        set => JobIndexes.Read(Write(set), Completions, out var total) is null && total == set.Count);

    [Fact]
    public void FindsTheFirstThatTwoShare() => Gen.Select(Sets, Sets).Check((left, right) =>
    {
        int? expected = left.Intersect(right).Select(i => (int?)i).FirstOrDefault();
        return JobIndexes.FirstShared(Write(left), Write(right), Completions) == expected;
    });

    /// <summary>Neighbours as a range.</summary>
    private static string Write(SortedSet<int> set)
    {
        var parts = new List<string>();
        foreach (var first in set.Where(i => !set.Contains(i - 1)))
        {
            var last = first;
            while (set.Contains(last + 1))
            {
                last++;
            }

            parts.Add(last == first ? $"{first}" : $"{first}-{last}");
        }

        return string.Join(',', parts);
    }
}
