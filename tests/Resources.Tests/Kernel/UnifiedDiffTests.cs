using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class UnifiedDiffTests
{
    [Fact]
    public void ShowsWhatChanged() => Assert.Equal(
        "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n", new UnifiedDiff().Compare("a\nb\nc", "a\nx\nc"));

    /// <summary>
    /// Many small texts are as much work as a large one: what is left for one is what the others left.
    /// </summary>
    [Fact]
    public void AllTextsTogetherAreBounded()
    {
        // Every line is in both, ten times, in another order: much to look at, little to match.
        var (left, right) = (Shuffled(1), Shuffled(2));
        var diff = new UnifiedDiff();
        var compared = 0;
        while (diff.Compare(left, right).Length > 0)
        {
            compared++;
        }

        Assert.InRange(compared, 1, 10_000);
        Assert.Equal(0, diff.StepsLeft);
        Assert.Equal("", diff.Compare("a", "b"));
        Assert.NotEqual("", new UnifiedDiff().Compare("a", "b"));
    }

    private static string Shuffled(int seed)
    {
        var lines = Enumerable.Range(0, 190).Select(static i => $"line {i % 19}").ToArray();
        new Random(seed).Shuffle(lines);
        return string.Join('\n', lines);
    }
}
