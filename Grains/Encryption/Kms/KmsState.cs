using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using OrleansOrchestrator.Grains.Encryption.Kms.V2;

namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>The seed with which values are written, and what is stored beside each of them.</summary>
internal sealed record KmsState
{
    public required IKeyCipher Cipher { get; init; }

    /// <summary>What each value says of its seed.</summary>
    public required EncryptedObject Source { get; init; }

    /// <summary>The same as it is stored, behind the value.</summary>
    public required byte[] Tail { get; init; }

    /// <summary>After it nothing is written, unless the plugin answers once more that its key is this one.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Tells seeds apart, and what they were encrypted with.</summary>
    public static string KeyOf(EncryptedObject item)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, (int)item.Type);
        hash.AppendData(length);
        Append(hash, item.Source.Span, length);
        Append(hash, Encoding.UTF8.GetBytes(item.KeyId), length);
        foreach (var (key, value) in item.Annotations.OrderBy(static a => a.Key, StringComparer.Ordinal))
        {
            Append(hash, Encoding.UTF8.GetBytes(key), length);
            Append(hash, value.Span, length);
        }

        return Convert.ToBase64String(hash.GetHashAndReset());
    }

    /// <summary>A value as the store is to hold it, behind a prefix: an <see cref="EncryptedObject"/>.</summary>
    public byte[] Seal(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey)
    {
        var length = Cipher.SealedLength(value.Length);
        var head = CodedOutputStream.ComputeLengthSize(length) + 1;
        var result = GC.AllocateUninitializedArray<byte>(prefix.Length + head + length + Tail.Length);
        prefix.CopyTo(result);
        var at = prefix.Length;
        result[at++] = (EncryptedObject.DataFieldNumber << 3) | (byte)WireFormat.WireType.LengthDelimited;
        for (var left = (uint)length; ; left >>= 7)
        {
            result[at++] = (byte)(left < 0x80 ? left : left | 0x80);
            if (left < 0x80)
            {
                break;
            }
        }

        Cipher.Seal(value, storeKey, result.AsSpan(at, length));
        Tail.CopyTo(result, at + length);
        return result;
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> bytes, Span<byte> length)
    {
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
