using CsCheck;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class ShuffleDealerTests
{
    /// <summary>As somebody deals who takes each card out of the deck.</summary>
    [Fact]
    public void ItDealsFromWhatIsLeft() =>
        Gen.Select(Gen.ULong, Gen.Int[1, 200], Gen.Int[1, 12])
            .Where((_, deck, hand) => hand <= deck)
            .Check((hash, deck, size) =>
            {
                var hand = new int[size];
                ShuffleDealer.Deal(hash, deck, hand);
                var left = Enumerable.Range(0, deck).ToList();
                var expected = new int[size];
                for (var i = 0; i < size; i++)
                {
                    var card = (int)(hash % (ulong)left.Count);
                    hash /= (ulong)left.Count;
                    expected[i] = left[card];
                    left.RemoveAt(card);
                }

                Assert.Equal(expected, hand);
            });

    /// <summary>Over all hashes that tell hands apart, every card is dealt equally often.</summary>
    [Fact]
    public void AllCardsAreAsLikely()
    {
        const int Deck = 8;
        var dealt = new int[Deck];
        var hand = new int[3];
        for (var hash = 0UL; hash < 8 * 7 * 6; hash++)
        {
            ShuffleDealer.Deal(hash, Deck, hand);
            Array.ForEach(hand, card => dealt[card]++);
        }

        Assert.All(dealt, times => Assert.Equal(8 * 7 * 6 * 3 / Deck, times));
    }
}
