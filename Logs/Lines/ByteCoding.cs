using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text;

namespace OrleansOrchestrator.Logs.Lines;

/// <summary>Numbers of variable length (7 bits a byte, low bits first) and texts with their length in front.</summary>
internal static class ByteCoding
{
    private const int MaxBytes = 10;

    public static void WriteNumber(this IBufferWriter<byte> output, ulong value)
    {
        var span = output.GetSpan(MaxBytes);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }

    /// <summary>Small numbers of either sign stay short.</summary>
    public static void WriteSigned(this IBufferWriter<byte> output, long value) =>
        output.WriteNumber((ulong)((value << 1) ^ (value >> 63)));

    public static void WriteText(this IBufferWriter<byte> output, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        output.WriteNumber((ulong)bytes.Length);
        output.Write(bytes);
    }

    public static ulong ReadNumber(ref ReadOnlySpan<byte> input)
    {
        if (input is [< 0x80, ..])
        {
            var small = input[0];
            input = input[1..];
            return small;
        }

        var value = 0UL;
        for (var i = 0; i < Math.Min(input.Length, MaxBytes); i++)
        {
            value |= (ulong)(input[i] & 0x7f) << (7 * i);
            if (input[i] < 0x80)
            {
                input = input[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("a number of the block does not end");
    }

    /// <summary>Passes over so many numbers; their last bytes are those below 0x80.</summary>
    public static void SkipNumbers(ref ReadOnlySpan<byte> input, int count)
    {
        // Bytes after the last end belong to a number that is counted still: one more than there are ends must remain.
        while (input.Length >= Vector256<byte>.Count)
        {
            var ends = BitOperations.PopCount(~Vector256.ExtractMostSignificantBits(Vector256.Create(input)));
            if (ends >= count)
            {
                break;
            }

            count -= ends;
            input = input[Vector256<byte>.Count..];
        }

        for (; count > 0; count--)
        {
            var end = input.IndexOfAnyInRange((byte)0, (byte)0x7f);
            input = end >= 0
                ? input[(end + 1)..]
                : throw new InvalidDataException("a number of the block does not end");
        }
    }

    public static long ReadSigned(ref ReadOnlySpan<byte> input)
    {
        var value = ReadNumber(ref input);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A number that counts something of which each takes at least so many bytes of what follows.</summary>
    public static int ReadCount(ref ReadOnlySpan<byte> input, int bytesEach)
    {
        var count = ReadNumber(ref input);
        return count <= (ulong)(input.Length / bytesEach)
            ? (int)count
            : throw new InvalidDataException($"the block says to hold {count} entries, more than it has bytes for");
    }

    public static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> input, int length)
    {
        if (length > input.Length)
        {
            throw new InvalidDataException("the block ends too early");
        }

        var taken = input[..length];
        input = input[length..];
        return taken;
    }
}
