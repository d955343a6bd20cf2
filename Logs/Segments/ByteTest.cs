using System.Runtime.Intrinsics;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>That of a row of a buffer, the byte so far on is one of these.</summary>
/// <param name="Offset">Where the byte of row 0 is.</param>
/// <param name="Set">The bytes.</param>
internal readonly record struct ByteTest(int Offset, ByteSet Set)
{
    /// <summary>All bits of those of sixteen rows, from this one on, for which all tests hold.</summary>
    public static Vector128<byte> HoldAll(ReadOnlySpan<ByteTest> tests, byte[] data, int row)
    {
        var all = Vector128<byte>.AllBitsSet;
        foreach (ref readonly var test in tests)
        {
            all &= test.Set.Has(Vector128.Create(data, test.Offset + row));
            if (all == Vector128<byte>.Zero)
            {
                break;
            }
        }

        return all;
    }

    /// <summary>Whether all tests hold for a row.</summary>
    public static bool HoldAllOf(ReadOnlySpan<ByteTest> tests, byte[] data, int row)
    {
        foreach (ref readonly var test in tests)
        {
            if (!test.Set.Contains(data[test.Offset + row]))
            {
                return false;
            }
        }

        return true;
    }
}
