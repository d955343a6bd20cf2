using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.CustomResources;

/// <summary>
/// Converted objects by who made them and the stored bytes that they were made of, which never change. Two generations,
/// the older of which is dropped when the younger is full: what is asked for moves along. There is one for all
/// definitions, so that its bound is the server's.
/// </summary>
internal sealed class ConvertedShelf(int maxBytes = ConvertedShelf.DefaultBytes)
{
    private const int DefaultBytes = 32 * 1024 * 1024;

    private volatile Generation _young = new();
    private volatile Generation _old = new();

    /// <summary>Null when it has to be made.</summary>
    public ReadOnlyMemory<byte>? Find(IAskedConversion by, ReadOnlyMemory<byte> stored)
    {
        if (KeyOf(by, stored) is not { } key)
        {
            return null;
        }

        if (_young.Items.TryGetValue(key, out var known))
        {
            return known;
        }

        if (!_old.Items.TryGetValue(key, out known))
        {
            return null;
        }

        Keep(by, stored, known);
        return known;
    }

    public void Keep(IAskedConversion by, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> converted)
    {
        var young = _young;
        if (KeyOf(by, stored) is not { } key || !young.Items.TryAdd(key, converted))
        {
            return;
        }

        // The stored bytes stay in memory as long as they are a key.
        if (Interlocked.Add(ref young.Bytes, stored.Length + converted.Length) > maxBytes / 2
            && ReferenceEquals(young, _young))
        {
            _old = young;
            _young = new Generation();
        }
    }

    private static Key? KeyOf(IAskedConversion by, ReadOnlyMemory<byte> stored) =>
        MemoryMarshal.TryGetArray(stored, out var segment)
            ? new Key(by, segment.Array!, segment.Offset, segment.Count)
            : null;

    /// <summary>The place of bytes in memory, and who was asked about them.</summary>
    private readonly record struct Key(IAskedConversion By, byte[] Array, int Offset, int Count)
    {
        public bool Equals(Key other) =>
            ReferenceEquals(By, other.By) && ReferenceEquals(Array, other.Array)
            && Offset == other.Offset && Count == other.Count;

        public override int GetHashCode() => HashCode.Combine(
            RuntimeHelpers.GetHashCode(By), RuntimeHelpers.GetHashCode(Array), Offset);
    }

    private sealed class Generation
    {
        public long Bytes;

        public ConcurrentDictionary<Key, ReadOnlyMemory<byte>> Items { get; } = new();
    }
}
