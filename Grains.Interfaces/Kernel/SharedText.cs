using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// Short texts that come again and again (kinds, label names and values, policies, owners) as one string each:
/// thousands of objects otherwise hold thousands of copies, and decoding one allocates dozens. A table without chains
/// or locks: a text that falls on a slot in use takes it over, and two threads at worst make two strings.
/// </summary>
public static class SharedText
{
    /// <summary>Longer ones are seldom the same.</summary>
    public const int MaxLength = 40;

    private const int SlotBits = 12;

    private static readonly string?[] Known = new string?[1 << SlotBits];

    /// <summary>
    /// The text of a JSON string or property name; throws as <see cref="Utf8JsonReader.GetString"/> does.
    /// </summary>
    public static string Read(ref Utf8JsonReader reader) =>
        reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length > MaxLength
            ? reader.GetString()!
            : Find(reader.ValueSpan) ?? Keep(reader.ValueSpan, reader.GetString()!);

    private static string? Find(ReadOnlySpan<byte> text)
    {
        if (text.Length == 0)
        {
            return "";
        }

        var known = Volatile.Read(ref Known[Slot(text)]);

        // Only plain ASCII is ever equal.
        return known is not null && known.Length == text.Length && Ascii.Equals(text, known) ? known : null;
    }

    private static string Keep(ReadOnlySpan<byte> text, string fresh)
    {
        Volatile.Write(ref Known[Slot(text)], fresh);
        return fresh;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Slot(ReadOnlySpan<byte> text)
    {
        const ulong factor = 0x9E3779B97F4A7C15;
        var hash = (ulong)text.Length * factor;
        while (text.Length >= sizeof(ulong))
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text), factor);
            text = text[sizeof(ulong)..];
        }

        foreach (var letter in text)
        {
            hash = (hash << 8) ^ (hash >> 56) ^ letter;
        }

        return (int)(Mix(hash, factor) >> (64 - SlotBits));
    }

    private static ulong Mix(ulong value, ulong factor)
    {
        value *= factor;
        return value ^ (value >> 32);
    }
}
