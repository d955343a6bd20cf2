using System.Numerics;
using System.Runtime.Intrinsics;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>Texts that are kept as they are, one after the other in a buffer.</summary>
internal sealed class StoredTexts
{
    private readonly byte[] _data;
    private readonly int[] _starts;
    private readonly int _gap;

    private StoredTexts(byte[] data, int[] starts, int gap) => (_data, _starts, _gap) = (data, starts, gap);

    public int Count => _starts.Length - 1;

    /// <summary>Of all texts, without what is between them.</summary>
    public long Bytes => _starts[^1] - _starts[0] - ((long)_gap * Count);

    public ReadOnlySpan<byte> this[int index] => At(index).Span;

    public ReadOnlyMemory<byte> At(int index) => _data.AsMemory(_starts[index].._starts[index + 1])[..^_gap];

    /// <summary>Reads how many there are, and then all of them.</summary>
    /// <param name="data">The buffer.</param>
    /// <param name="input">What of it was not read yet.</param>
    /// <param name="end">Where both end.</param>
    public static StoredTexts Read(byte[] data, ref ReadOnlySpan<byte> input, int end) =>
        Read(data, ref input, end, ByteCoding.ReadCount(ref input, bytesEach: 1), gap: 0);

    /// <summary>Reads so many texts, each with so many bytes after it that are not its own.</summary>
    public static StoredTexts Read(byte[] data, ref ReadOnlySpan<byte> input, int end, int count, int gap)
    {
        var starts = new int[count + 1];
        var total = 0L;
        for (var i = 1; i <= count; i++)
        {
            total += (long)Math.Min(int.MaxValue, ByteCoding.ReadNumber(ref input)) + gap;
            starts[i] = (int)Math.Min(int.MaxValue, total);
        }

        var begin = end - input.Length;
        ByteCoding.Take(ref input, (int)Math.Min(int.MaxValue, total));
        foreach (ref var start in starts.AsSpan())
        {
            start += begin;
        }

        return new StoredTexts(data, starts, gap);
    }

    /// <summary>Marks those that have one of these sequences.</summary>
    public void Mark(IReadOnlyList<ByteSequence> sequences, Span<byte> marks)
    {
        foreach (var sequence in sequences)
        {
            var tests = new ByteTest[sequence.Sets.Length];
            for (var i = 0; i < tests.Length; i++)
            {
                tests[i] = new ByteTest(i, sequence.Sets[i]);
            }

            for (var at = _starts[0]; Find(tests, at, _starts[^1]) is >= 0 and var found;)
            {
                // A sequence that begins in one and ends in another marks the first in vain.
                var line = LineAt(found);
                marks[line] = 1;
                at = _starts[line + 1];
            }
        }
    }

    /// <summary>Where a sequence begins first; -1 when it does not stand in there.</summary>
    private int Find(ReadOnlySpan<ByteTest> tests, int from, int to)
    {
        var at = from;
        for (; at + tests.Length - 1 + Vector128<byte>.Count <= to; at += Vector128<byte>.Count)
        {
            if (ByteTest.HoldAll(tests, _data, at).ExtractMostSignificantBits() is not 0 and var places)
            {
                return at + BitOperations.TrailingZeroCount(places);
            }
        }

        for (; at + tests.Length <= to; at++)
        {
            if (ByteTest.HoldAllOf(tests, _data, at))
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>Of empty texts that begin at one place, the last one begins where the next has its bytes.</summary>
    private int LineAt(int position)
    {
        var (low, high) = (0, Count);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = _starts[middle] <= position ? (middle, high) : (low, middle);
        }

        return low;
    }
}
