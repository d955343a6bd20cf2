namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// Deals hands of queues: a flow may use a few of all queues, its hand, so that one that floods fills these alone, and
/// another flow hardly ever has the same hand (shuffle sharding).
/// </summary>
public static class ShuffleDealer
{
    /// <summary>Fills a hand with different cards of a deck, which the hash alone decides.</summary>
    /// <param name="hash">Of the flow; as uniform as the hands are to be.</param>
    /// <param name="deck">How many cards there are: their numbers are 0 to this; not less than the hand has.</param>
    /// <param name="hand">Where the cards go.</param>
    public static void Deal(ulong hash, int deck, Span<int> hand)
    {
        for (var i = 0; i < hand.Length; i++)
        {
            (hash, var card) = Math.DivRem(hash, (ulong)(deck - i));

            // The number counts only cards that have not been dealt; those lie, in order, below it or not.
            hand[i] = Insert(hand[..i], (int)card);
        }
    }

    /// <summary>The card that is the so-and-so-many-th of those not dealt yet.</summary>
    private static int Insert(ReadOnlySpan<int> dealt, int card)
    {
        Span<int> sorted = stackalloc int[dealt.Length];
        dealt.CopyTo(sorted);
        sorted.Sort();
        foreach (var other in sorted)
        {
            card += other <= card ? 1 : 0;
        }

        return card;
    }
}
