using System.Runtime.InteropServices;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// Sets seen lately, each with its JSON: what one client writes of one kind has mostly the same fields, so that few
/// sets need be parsed or written again. Whatever comes takes the place of what was there, so there are never more than
/// a few; places hold one reference each, so nobody locks.
/// </summary>
internal sealed class FieldsShelf
{
    private const int Places = 256;

    /// <summary>Larger ones are of objects that are alone of their kind.</summary>
    private const int MaxBytes = 4096;

    private readonly Pair?[] _bySet = new Pair?[Places];
    private readonly Pair?[] _byJson = new Pair?[Places];

    /// <summary>That of the process.</summary>
    public static FieldsShelf Shared { get; } = new();

    /// <summary>Empty when the JSON is no set.</summary>
    public FieldSet SetOf(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
        {
            return Parse(json);
        }

        ref var place = ref _byJson[(uint)HashOf(json) % Places];
        if (Volatile.Read(ref place) is not { } found || !json.SequenceEqual(found.Json))
        {
            found = new Pair(Parse(json), json.ToArray());
            Volatile.Write(ref place, found);
        }

        return found.Set;
    }

    /// <summary>The canonical form.</summary>
    public byte[] JsonOf(FieldSet set)
    {
        if (set.Json is { } known)
        {
            return known;
        }

        var json = Find(set);
        set.Json = json.Length <= MaxBytes ? json : null;
        return json;
    }

    private byte[] Find(FieldSet set)
    {
        ref var place = ref _bySet[(uint)set.GetHashCode() % Places];
        if (Volatile.Read(ref place) is { } found && found.Set.Equals(set))
        {
            return found.Json;
        }

        var json = FieldsV1.Write(set);
        if (json.Length <= MaxBytes)
        {
            found = new Pair(set, json);
            Volatile.Write(ref place, found);
            Volatile.Write(ref _byJson[(uint)HashOf(json) % Places], found);
        }

        return json;
    }

    private static FieldSet Parse(ReadOnlySpan<byte> json) => FieldsV1.Parse(json) ?? FieldSet.Empty;

    /// <summary>By a key of this process: nobody can choose JSON that shares a place.</summary>
    private static int HashOf(ReadOnlySpan<byte> json) => string.GetHashCode(MemoryMarshal.Cast<byte, char>(json));

    private sealed record Pair(FieldSet Set, byte[] Json);
}
