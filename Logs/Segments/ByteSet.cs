using System.Runtime.Intrinsics;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>
/// Some of the 256 bytes, so that sixteen are judged at once: of bytes with the same low half, a byte has a bit for
/// each high half.
/// </summary>
/// <param name="Low">Of high halves up to 7, which is ASCII, by the low half.</param>
/// <param name="High">Of high halves from 8 on, by the low half.</param>
internal readonly record struct ByteSet(Vector128<byte> Low, Vector128<byte> High)
{
    private static readonly Vector128<byte> BitOfLow =
        Vector128.Create(1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0);

    private static readonly Vector128<byte> BitOfHigh =
        Vector128.Create(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128);

    public static readonly ByteSet Ascii = new(Vector128<byte>.AllBitsSet, default);

    public static readonly ByteSet BeyondAscii = new(default, Vector128<byte>.AllBitsSet);

    public bool IsAscii => High == Vector128<byte>.Zero;

    public static ByteSet Of(byte value)
    {
        var bit = Vector128<byte>.Zero.WithElement(value & 15, (byte)(1 << ((value >> 4) & 7)));
        return value < 0x80 ? new ByteSet(bit, default) : new ByteSet(default, bit);
    }

    public static ByteSet Of(ReadOnlySpan<byte> values)
    {
        var set = default(ByteSet);
        foreach (var value in values)
        {
            set |= Of(value);
        }

        return set;
    }

    /// <summary>Both ends belong to it.</summary>
    public static ByteSet Range(byte first, byte last)
    {
        var set = default(ByteSet);
        for (var value = (int)first; value <= last; value++)
        {
            set |= Of((byte)value);
        }

        return set;
    }

    public static ByteSet operator |(ByteSet a, ByteSet b) => new(a.Low | b.Low, a.High | b.High);

    public static ByteSet operator &(ByteSet a, ByteSet b) => new(a.Low & b.Low, a.High & b.High);

    public static ByteSet operator ~(ByteSet set) => new(~set.Low, ~set.High);

    public bool Contains(byte value) =>
        (((value < 0x80 ? Low : High)[value & 15] >> ((value >> 4) & 7)) & 1) != 0;

    /// <summary>All bits of those places whose byte is one of these.</summary>
    public Vector128<byte> Has(Vector128<byte> bytes)
    {
        var (low, high) = (bytes & Vector128.Create((byte)15), bytes >>> 4);
        var bits = Vector128.Shuffle(Low, low) & Vector128.Shuffle(BitOfLow, high);
        if (!IsAscii)
        {
            bits |= Vector128.Shuffle(High, low) & Vector128.Shuffle(BitOfHigh, high);
        }

        return ~Vector128.Equals(bits, Vector128<byte>.Zero);
    }
}
