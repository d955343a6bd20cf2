using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Protobuf;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Keeps the protobuf messages of committed objects: each is made when somebody first wants it and shared by all
/// objects, lists and watches after that (P6). What is kept is bounded: half of it is young, and when that half is full
/// it takes the place of the old half, which is let go. What is used again comes back among the young.
/// </summary>
public sealed class ProtobufShelf(long maxBytes = ProtobufShelf.MaxBytes)
{
    /// <summary>What is kept at most, with the committed bytes that it may keep alive: some 25,000 Pods.</summary>
    public const long MaxBytes = 128 * 1024 * 1024;

    private readonly Lock _lock = new();
    private volatile Half _young = new();
    private volatile Half _old = new();

    /// <summary>Bytes that are kept, messages and what they were made of.</summary>
    public long Bytes => _young.Bytes + _old.Bytes;

    /// <summary>The message of an object as a resource shows it.</summary>
    /// <param name="definition">The resource; it has messages.</param>
    /// <param name="stored">The committed bytes: nobody changes them, so where they lie says which they are.</param>
    public ReadOnlyMemory<byte> MessageOf(ResourceDefinition definition, ReadOnlyMemory<byte> stored)
    {
        var isArray = MemoryMarshal.TryGetArray(stored, out var segment);
        Invariant.Check(isArray, "committed bytes are in an array");
        var key = new Key(segment.Array!, segment.Offset, definition);
        if (_young.Messages.TryGetValue(key, out var known))
        {
            return known;
        }

        var message = _old.Messages.TryGetValue(key, out known) ? known : Encode(definition, stored);
        Keep(key, message, message.Length + stored.Length);
        return message;
    }

    /// <summary>
    /// The message of the metadata form of an object. Metadata is the first field of every kind, so it is a part of the
    /// object's message where there is one and all of it is shown.
    /// </summary>
    public ReadOnlyMemory<byte> PartialOf(ResourceDefinition definition, ReadOnlyMemory<byte> stored) =>
        ProtobufForm.Of(definition) is null || definition.FieldAnnotations.Count > 0
            ? ProtobufForm.EncodePartial(definition, definition.Show(stored).Span)
            : ProtobufOutput.FirstField(MessageOf(definition, stored));

    private static byte[] Encode(ResourceDefinition definition, ReadOnlyMemory<byte> stored)
    {
        var form = ProtobufForm.Of(definition);
        Invariant.Check(form is not null, "only what has messages is asked for them", definition.Name.Qualified);
        return form.Encode(definition.Show(stored).Span);
    }

    private void Keep(Key key, byte[] message, int size)
    {
        var young = _young;
        if (!young.Messages.TryAdd(key, message))
        {
            return;
        }

        var bytes = Interlocked.Add(ref young.Bytes, size);
        if (bytes > maxBytes / 2)
        {
            lock (_lock)
            {
                if (_young == young)
                {
                    (_old, _young) = (young, new Half());
                }
            }
        }
    }

    private sealed class Half
    {
        public long Bytes;

        public ConcurrentDictionary<Key, byte[]> Messages { get; } = new();
    }

    private readonly record struct Key(byte[] Array, int Offset, ResourceDefinition Definition)
    {
        public bool Equals(Key other) =>
            ReferenceEquals(Array, other.Array) && Offset == other.Offset
            && ReferenceEquals(Definition, other.Definition);

        public override int GetHashCode() => HashCode.Combine(
            RuntimeHelpers.GetHashCode(Array), Offset, RuntimeHelpers.GetHashCode(Definition));
    }
}
