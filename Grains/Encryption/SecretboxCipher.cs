using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// NaCl's secretbox (XSalsa20, Poly1305): a random nonce of 24 bytes, a tag of 16 bytes, the encrypted value. The first
/// 32 bytes of the stream are the tag's key. The store key is not authenticated: a value opens wherever it stands.
/// </summary>
internal sealed class SecretboxCipher(byte[] secret) : IKeyCipher
{
    private const int NonceBytes = 24;
    private const int TagBytes = 16;
    private const int TagKeyBytes = 32;

    /// <inheritdoc/>
    public int SealedLength(int length) => NonceBytes + TagBytes + length;

    /// <inheritdoc/>
    public void Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey, Span<byte> target)
    {
        var nonce = target[..NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        SealWith(nonce, value, target[NonceBytes..]);
    }

    /// <summary>The same with a nonce that is given: the tag and the encrypted value.</summary>
    internal void SealWith(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> value, Span<byte> box)
    {
        var (stream, tag) = Begin(nonce);
        var encrypted = box[TagBytes..];
        stream.ProcessBytes(value, encrypted);
        tag.BlockUpdate(encrypted);
        tag.DoFinal(box[..TagBytes]);
    }

    /// <inheritdoc/>
    public byte[]? Open(ReadOnlySpan<byte> sealedValue, ReadOnlySpan<byte> storeKey, out string? problem)
    {
        if (sealedValue.Length < NonceBytes + TagBytes)
        {
            return KeyedProvider.RefuseShort(out problem);
        }

        var (stream, tag) = Begin(sealedValue[..NonceBytes]);
        var encrypted = sealedValue[(NonceBytes + TagBytes)..];
        Span<byte> expected = stackalloc byte[TagBytes];
        tag.BlockUpdate(encrypted);
        tag.DoFinal(expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, sealedValue.Slice(NonceBytes, TagBytes)))
        {
            problem = "output array was not large enough for encryption";
            return null;
        }

        var value = GC.AllocateUninitializedArray<byte>(encrypted.Length);
        stream.ProcessBytes(encrypted, value);
        problem = null;
        return value;
    }

    private (XSalsa20Engine Stream, Poly1305 Tag) Begin(ReadOnlySpan<byte> nonce)
    {
        var (stream, tag) = (new XSalsa20Engine(), new Poly1305());
        stream.Init(true, new ParametersWithIV(new KeyParameter(secret), nonce.ToArray()));
        Span<byte> key = stackalloc byte[TagKeyBytes];
        key.Clear();
        stream.ProcessBytes(key, key);
        tag.Init(new KeyParameter(key.ToArray()));
        return (stream, tag);
    }
}
