using CsCheck;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class IndexSetTests
{
    [Theory]
    [InlineData(new int[0], "")]
    [InlineData(new[] { 3 }, "3")]
    [InlineData(new[] { 1, 0 }, "0,1")]
    [InlineData(new[] { 2, 0, 1 }, "0-2")]
    [InlineData(new[] { 7, 1, 3, 4, 5 }, "1,3-5,7")]
    public void Is_written_as_upstream_does(int[] indexes, string text) =>
        Assert.Equal(text, IndexSet.Of(indexes).ToString());

    [Theory]
    [InlineData("1,3-5,7", 6, "1,3-5")]
    [InlineData("1,3-5,7", 4, "1,3")]
    [InlineData("1,x,3-y,5", 9, "1,5")]
    [InlineData("-1,2-1", 9, "")]
    public void Reads_what_is_in_range(string text, int completions, string expected) =>
        Assert.Equal(expected, IndexSet.Parse(text, completions).ToString());

    [Fact]
    public void Behaves_like_a_set() => Gen.Select(
        Gen.Int[0, 30].Array[0, 20], Gen.Int[0, 30].Array[0, 20], Gen.Int[0, 40]).Check((left, right, completions) =>
        {
            var (a, b) = (IndexSet.Of(left), IndexSet.Of(right));
            Assert.Equal(left.Distinct().Count(), a.Count);
            Assert.Equal(left.Union(right).Order(), Enumerable.Range(0, 31).Where(a.With(b).Contains));
            Assert.Equal(left.Intersect(right).Count(), a.CountShared(b));
            Assert.Equal(Enumerable.Range(0, completions).Except(left), a.Missing(completions));
            Assert.Equal(a.ToString(), IndexSet.Parse(a.ToString(), 31).ToString());
        });
}
