namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>
/// Packs a column of whole numbers, some of which may be missing, into few bytes: what changes little takes a byte,
/// what does not change nothing. A stream of numbers in LEB128:
/// 0, n: the last number n times more (the first is 0); 1, n: nothing known n times; 2 + d: the last number and a
/// difference, which is folded so that small ones of either sign are small (0, -1, 1, -2 …).
/// The database reads the same (<c>store.metric_values</c>): people ask it in SQL.
/// </summary>
internal static class SampleCodec
{
    private const ulong Same = 0;
    private const ulong Gap = 1;
    private const ulong Change = 2;

    /// <summary>A run shorter than this is cheaper as changes of nothing.</summary>
    private const int ShortestRun = 3;

    /// <summary>Packs a column; empty when nothing is known.</summary>
    public static byte[] Encode(ReadOnlySpan<long?> values)
    {
        var to = new List<byte>(values.Length + 8);
        var last = 0L;
        var known = false;
        for (var i = 0; i < values.Length;)
        {
            var run = RunAt(values, i, last);
            if (values[i] is not { } value)
            {
                Write(to, Gap);
                Write(to, (ulong)run);
                i += run;
                continue;
            }

            known = true;
            if (run >= ShortestRun)
            {
                Write(to, Same);
                Write(to, (ulong)run);
                i += run;
                continue;
            }

            Write(to, Change + Fold(unchecked(value - last)));
            last = value;
            i++;
        }

        return known ? [.. to] : [];
    }

    /// <summary>Unpacks a column into one of the length that it had; an empty one has nothing known.</summary>
    public static void Decode(ReadOnlySpan<byte> from, Span<long?> values)
    {
        values.Clear();
        var last = 0L;
        for (int i = 0, at = 0; at < from.Length && i < values.Length;)
        {
            var token = Read(from, ref at);
            if (token >= Change)
            {
                values[i++] = last = unchecked(last + Unfold(token - Change));
                continue;
            }

            var run = (int)Math.Min(Read(from, ref at), (ulong)(values.Length - i));
            if (token == Same)
            {
                values.Slice(i, run).Fill(last);
            }

            i += run;
        }
    }

    private static int RunAt(ReadOnlySpan<long?> values, int start, long last)
    {
        long? wanted = values[start] is null ? null : last;
        var end = start;
        while (end < values.Length && values[end] == wanted)
        {
            end++;
        }

        return end - start;
    }

    private static ulong Fold(long difference) => (ulong)((difference << 1) ^ (difference >> 63));

    private static long Unfold(ulong folded) => (long)(folded >> 1) ^ -(long)(folded & 1);

    private static void Write(List<byte> to, ulong number)
    {
        while (number >= 0x80)
        {
            to.Add((byte)(number | 0x80));
            number >>= 7;
        }

        to.Add((byte)number);
    }

    private static ulong Read(ReadOnlySpan<byte> from, ref int at)
    {
        var number = 0UL;
        for (var shift = 0; at < from.Length && shift < 64; shift += 7)
        {
            var part = from[at++];
            number |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                break;
            }
        }

        return number;
    }
}
