using System.Buffers.Binary;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>
/// Which words a segment has: a Bloom filter in blocks of 64 bytes, of which a word uses one. So a search reads one
/// block for each word and segment, which PostgreSQL cuts out, and never the filter. It may say yes to one word of
/// some hundred that is not there, and never no to one that is.
/// </summary>
public static class WordFilter
{
    public const int BlockBytes = 64;

    /// <summary>
    /// 12 bits a word: 1 % of wrong hits for 1.5 bytes, of the hundred that a word costs in its text.
    /// </summary>
    private const int BitsPerWord = 12;
    private const int BitsSet = 6;
    private const int BitsOfPlace = 9;
    private const int BlockBits = BlockBytes * 8;

    /// <summary>The filter of these words; its length is a multiple of <see cref="BlockBytes"/>.</summary>
    public static byte[] Build(IReadOnlyCollection<ulong> words)
    {
        var blocks = Math.Max(1, (int)(((long)words.Count * BitsPerWord + BlockBits - 1) / BlockBits));
        var filter = new byte[blocks * BlockBytes];
        foreach (var word in words)
        {
            var block = filter.AsSpan(BlockOf(Place(word), blocks) * BlockBytes, BlockBytes);
            var bits = Bits(word);
            for (var i = 0; i < BitsSet; i++, bits >>= BitsOfPlace)
            {
                var bit = (int)(bits & (BlockBits - 1));
                block[bit >> 3] |= (byte)(1 << (bit & 7));
            }
        }

        return filter;
    }

    /// <summary>What selects a word's block: see <see cref="BlockOf"/>.</summary>
    public static long Place(ulong word) => (long)(word >> 32);

    /// <summary>The number of a word's block; PostgreSQL computes the same.</summary>
    public static int BlockOf(long place, int blocks) => (int)((place * blocks) >> 32);

    /// <summary>False when the word is surely not in the segment to which its block belongs.</summary>
    public static bool MayHold(ReadOnlySpan<byte> block, ulong word)
    {
        var bits = Bits(word);
        for (var i = 0; i < BitsSet; i++, bits >>= BitsOfPlace)
        {
            var bit = (int)(bits & (BlockBits - 1));
            if ((block[bit >> 3] & (1 << (bit & 7))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Of the low half: the high one has chosen the block.</summary>
    private static ulong Bits(ulong word) =>
        BinaryPrimitives.ReverseEndianness((word & uint.MaxValue) * 0x9e3779b97f4a7c15) ^ (
            (word & uint.MaxValue) * 0xd6e8feb86659fd93);
}
