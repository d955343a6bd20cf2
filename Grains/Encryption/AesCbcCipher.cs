using System.Security.Cryptography;
using System.Text.Json;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// AES-CBC: a random block, and the encrypted value with PKCS#7's padding. Nothing is authenticated: of a damaged
/// value, or of a wrong key, one finds out by the padding, and by what comes out, which must be JSON as all values are.
/// </summary>
internal sealed class AesCbcCipher(byte[] secret) : IKeyCipher
{
    private const int BlockBytes = 16;

    /// <inheritdoc/>
    public int SealedLength(int length) => BlockBytes + length + BlockBytes - (length % BlockBytes);

    /// <inheritdoc/>
    public void Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey, Span<byte> target)
    {
        var start = target[..BlockBytes];
        RandomNumberGenerator.Fill(start);
        using var cipher = Make();
        cipher.EncryptCbc(value, start, target[BlockBytes..]);
    }

    /// <inheritdoc/>
    public byte[]? Open(ReadOnlySpan<byte> sealedValue, ReadOnlySpan<byte> storeKey, out string? problem)
    {
        if (sealedValue.Length < BlockBytes)
        {
            return KeyedProvider.RefuseShort(out problem);
        }

        if (sealedValue.Length % BlockBytes != 0)
        {
            problem = "the stored data is not a multiple of the block size";
            return null;
        }

        using var cipher = Make();
        var padded = cipher.DecryptCbc(sealedValue[BlockBytes..], sealedValue[..BlockBytes], PaddingMode.None);
        problem = ProblemOf(padded);
        return problem is null ? padded[..^padded[^1]] : null;
    }

    // One for each value: an instance is not for two threads.
    private Aes Make()
    {
        var cipher = Aes.Create();
        cipher.Key = secret;
        return cipher;
    }

    private static string? ProblemOf(ReadOnlySpan<byte> padded)
    {
        if (padded.Length == 0 || padded[^1] is 0 || padded[^1] > padded.Length)
        {
            return "invalid PKCS7 data (empty or not padded)";
        }

        var padding = padded[^1];
        return padded[^padding..].ContainsAnyExcept(padding) ? "invalid padding on input"
            : IsJson(padded[..^padding]) ? null
            : "the decrypted data is not JSON";
    }

    private static bool IsJson(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
