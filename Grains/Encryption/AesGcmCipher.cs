using System.Security.Cryptography;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// AES-GCM: a random nonce of 12 bytes, the encrypted value, a tag of 16 bytes. The store key is authenticated with it,
/// so a value that is moved to another object does not open.
/// </summary>
internal sealed class AesGcmCipher(byte[] secret) : IKeyCipher
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>By how much a value grows.</summary>
    public const int Overhead = NonceBytes + TagBytes;

    /// <inheritdoc/>
    public int SealedLength(int length) => Overhead + length;

    /// <inheritdoc/>
    public void Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey, Span<byte> target)
    {
        var nonce = target[..NonceBytes];
        RandomNumberGenerator.Fill(nonce);

        // One for each value: an instance is not for two threads.
        using var cipher = new AesGcm(secret, TagBytes);
        cipher.Encrypt(nonce, value, target[NonceBytes..^TagBytes], target[^TagBytes..], storeKey);
    }

    /// <inheritdoc/>
    public byte[]? Open(ReadOnlySpan<byte> sealedValue, ReadOnlySpan<byte> storeKey, out string? problem)
    {
        if (sealedValue.Length < NonceBytes + TagBytes)
        {
            return KeyedProvider.RefuseShort(out problem);
        }

        var value = GC.AllocateUninitializedArray<byte>(sealedValue.Length - NonceBytes - TagBytes);
        using var cipher = new AesGcm(secret, TagBytes);
        try
        {
            cipher.Decrypt(
                sealedValue[..NonceBytes], sealedValue[NonceBytes..^TagBytes], sealedValue[^TagBytes..], value,
                storeKey);
            problem = null;
            return value;
        }
        catch (AuthenticationTagMismatchException)
        {
            problem = "cipher: message authentication failed";
            return null;
        }
    }
}
