using CsCheck;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class ChildSequenceTests
{
    private enum Deed
    {
        Create,
        CreateRefused,
        Lose,
        Restart,
    }

    [Fact]
    public void The_number_of_a_lost_child_is_not_given_again()
    {
        var sequence = new ChildSequence(0);
        Observe(sequence, 0, 1, 2);
        Assert.Equal(3, sequence.Settle());
        Assert.Equal([3, 4], sequence.Next().Take(2));
        Assert.Equal([3, 4], new ChildSequence(3).Next().Take(2));
    }

    [Fact]
    public void A_successor_gives_the_numbers_that_are_under_way()
    {
        // The lost one gave 3, 4, 5; 4 has arrived.
        var successor = new ChildSequence(3);
        Observe(successor, 0, 4);
        Assert.Equal(3, successor.Settle());
        Assert.Equal([3, 5], successor.Next().Take(2));
    }

    [Fact]
    public void It_begins_no_lower_than_told()
    {
        var sequence = new ChildSequence(0);
        Observe(sequence, 1, 4, 5);
        Assert.Equal(0, sequence.Settle());
        Assert.Equal(6, sequence.Settle(atLeast: 4));
        Assert.Equal([6, 7], sequence.Next().Take(2));
        Assert.Equal(6, sequence.Settle(atLeast: 2));
    }

    /// <summary>
    /// Children come, are refused and go, and the owner begins anew at any time with what was saved: no number comes
    /// twice, and one that was refused, and so may be under way, is the next.
    /// </summary>
    [Fact]
    public void No_number_comes_twice_whoever_gives_it() => Gen.Select(
        Gen.Enum<Deed>(), Gen.Int[0, 9]).Array[1, 60].Check(deeds =>
    {
        var (sequence, saved) = (new ChildSequence(0), 0);
        HashSet<int> existing = [], ever = [];
        int? refused = null;
        foreach (var (deed, which) in deeds)
        {
            Observe(sequence, [.. existing]);
            saved = sequence.Settle();
            var next = sequence.Next().First();
            Assert.Equal(refused ?? next, next);
            switch (deed)
            {
                case Deed.Create:
                    Assert.True(ever.Add(next), $"{next} was given before");
                    existing.Add(next);
                    sequence.Used(next);
                    saved = sequence.Settle();
                    refused = null;
                    break;
                case Deed.CreateRefused:
                    refused = next;
                    break;
                case Deed.Lose when existing.Count > 0:
                    existing.Remove(existing.ElementAt(which % existing.Count));
                    break;
                case Deed.Restart:
                    sequence = new ChildSequence(saved);
                    break;
            }
        }
    }, cases: 500);

    private static void Observe(ChildSequence sequence, params int[] existing) =>
        Array.ForEach(existing, sequence.Used);
}
