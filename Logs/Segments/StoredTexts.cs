using System.Buffers;
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

    /// <summary>Marks those that have one of these texts, in which ASCII letters are in lower case.</summary>
    public void Mark(IReadOnlyList<byte[]> texts, Span<byte> marks)
    {
        var all = _data.AsSpan(_starts[0].._starts[^1]);
        var rented = ArrayPool<byte>.Shared.Rent(all.Length);
        var lower = rented.AsSpan(0, all.Length);
        AsciiCase.Lower(all, lower);
        foreach (var text in texts)
        {
            for (var at = 0; lower[at..].IndexOf(text) is >= 0 and var next;)
            {
                // A text that begins in one and ends in another marks the first in vain.
                var line = LineAt(at + next + _starts[0]);
                marks[line] = 1;
                at = _starts[line + 1] - _starts[0];
            }
        }

        ArrayPool<byte>.Shared.Return(rented);
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
