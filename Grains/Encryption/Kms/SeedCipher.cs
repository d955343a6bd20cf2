using System.Security.Cryptography;

namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>
/// AES-GCM with a key of its own for each value, derived (HKDF, expansion only) from a seed and 32 random bytes that
/// stand before the value: so one seed is good for any number of writes, where a key is for some four thousand million.
/// </summary>
internal sealed class SeedCipher(byte[] seed) : IKeyCipher
{
    /// <summary>Of a seed; what is shorter is none.</summary>
    public const int SeedBytes = 32;

    private const int InfoBytes = 32;
    private const int KeyBytes = 32;

    /// <inheritdoc/>
    public int SealedLength(int length) => InfoBytes + AesGcmCipher.Overhead + length;

    /// <inheritdoc/>
    public void Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey, Span<byte> target)
    {
        var info = target[..InfoBytes];
        RandomNumberGenerator.Fill(info);
        Derive(info).Seal(value, storeKey, target[InfoBytes..]);
    }

    /// <inheritdoc/>
    public byte[]? Open(ReadOnlySpan<byte> sealedValue, ReadOnlySpan<byte> storeKey, out string? problem) =>
        sealedValue.Length < InfoBytes
            ? KeyedProvider.RefuseShort(out problem)
            : Derive(sealedValue[..InfoBytes]).Open(sealedValue[InfoBytes..], storeKey, out problem);

    private AesGcmCipher Derive(ReadOnlySpan<byte> info)
    {
        var key = new byte[KeyBytes];
        HKDF.Expand(HashAlgorithmName.SHA256, seed, key, info);
        return new AesGcmCipher(key);
    }
}
