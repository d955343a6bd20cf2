using System.Numerics;
using System.Runtime.InteropServices;

namespace OrleansOrchestrator.Logs.Lines;

/// <summary>Texts are compared with ASCII letters in lower case, all other bytes as they are.</summary>
internal static class AsciiCase
{
    public static void Lower(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var (first, letters, bit) = (new Vector<byte>((byte)'A'), new Vector<byte>(25), new Vector<byte>(0x20));
        var wide = MemoryMarshal.Cast<byte, Vector<byte>>(from);
        var target = MemoryMarshal.Cast<byte, Vector<byte>>(to);
        for (var i = 0; i < wide.Length; i++)
        {
            target[i] = wide[i] | (Vector.LessThanOrEqual(wide[i] - first, letters) & bit);
        }

        for (var i = wide.Length * Vector<byte>.Count; i < from.Length; i++)
        {
            to[i] = from[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(from[i] | 0x20) : from[i];
        }
    }
}
