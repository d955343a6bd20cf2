using System.Collections.Concurrent;
using CsCheck;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Simulation;

/// <summary>That random tests draw the same again, whatever their threads do.</summary>
public sealed class PropertiesTests
{
    private static readonly Gen<int[]> Numbers = Gen.Int.Array[0, 20];

    [Fact]
    public async Task Every_run_draws_the_same_cases()
    {
        var (first, second, alone) = (Seen(), Seen(), Seen());
        Numbers.Check(n => first.Add(Text(n)));
        Numbers.Check(n => second.Add(Text(n)));
        await Numbers.CheckAsync(
            n =>
            {
                alone.Add(Text(n));
                return Task.CompletedTask;
            },
            threads: 1);

        Assert.Equal(100 * TestSeed.Times, first.Count);
        Assert.Equal(first.Order(StringComparer.Ordinal), second.Order(StringComparer.Ordinal));
        Assert.Equal(first.Order(StringComparer.Ordinal), alone.Order(StringComparer.Ordinal));
        Assert.True(first.Distinct().Count() > first.Count / 2);
    }

    [Fact]
    public void What_fails_is_told_as_its_smallest_case()
    {
        var error = Assert.Throws<CsCheckException>(() => Gen.Int[0, 1_000_000].Check(n => n < 1000, cases: 10_000));

        Assert.Matches("CsCheck_Seed=\\w+", error.Message);
        Assert.InRange(int.Parse(error.Message.Split('\n')[^1], null), 1000, 100_000);
    }

    [Fact]
    public void What_fails_once_only_is_told_too()
    {
        var calls = 0;
        var error = Assert.Throws<CsCheckException>(
            () => Gen.Int.Check(_ => Assert.True(Interlocked.Increment(ref calls) != 50)));

        Assert.Contains("held when it was repeated", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.InnerException);
    }

    [Fact]
    public void Tests_draw_apart_from_each_other()
    {
        var seeds = Enumerable.Range(0, 1000).Select(i => TestSeed.Of(1, $"A.Test{i}")).ToList();

        Assert.Equal(seeds.Count, seeds.Distinct().Count());
        Assert.NotEqual(TestSeed.Of(1, "A"), TestSeed.Of(2, "A"));
        Assert.Equal(TestSeed.Of(1, "A"), TestSeed.Of(1, "A"));
    }

    private static ConcurrentBag<string> Seen() => [];

    private static string Text(int[] numbers) => string.Join(' ', numbers);
}
