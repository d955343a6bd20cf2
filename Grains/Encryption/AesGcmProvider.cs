using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>A key by its name.</summary>
/// <param name="Name">What values that it wrote are marked with.</param>
/// <param name="Secret">16, 24 or 32 bytes.</param>
public sealed record EncryptionKey(string Name, ImmutableArray<byte> Secret);

/// <summary>
/// AES-GCM in upstream's form: <c>k8s:enc:aesgcm:v1:KEYNAME:</c>, a random nonce of 12 bytes, the encrypted value, a
/// tag of 16 bytes. The store key is authenticated with it, so a value that is moved to another object does not open.
/// </summary>
internal sealed class AesGcmProvider : IEncryptionProvider
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const string Scheme = "k8s:enc:aesgcm:v1:";

    private readonly (byte[] Prefix, byte[] Secret)[] _keys;

    /// <param name="keys">The first writes, all read.</param>
    public AesGcmProvider(IReadOnlyList<EncryptionKey> keys)
    {
        _keys = [.. keys.Select(static k => (Encoding.UTF8.GetBytes($"{Scheme}{k.Name}:"), k.Secret.ToArray()))];
        WritesWith = $"{Scheme}{keys[0].Name}:";
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Prefix => "k8s:enc:aesgcm:v1:"u8;

    /// <inheritdoc/>
    public string WritesWith { get; }

    /// <inheritdoc/>
    public byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey)
    {
        var (prefix, secret) = _keys[0];
        var result = GC.AllocateUninitializedArray<byte>(prefix.Length + NonceBytes + value.Length + TagBytes);
        prefix.CopyTo(result, 0);
        var nonce = result.AsSpan(prefix.Length, NonceBytes);
        RandomNumberGenerator.Fill(nonce);

        // One for each value: an instance is not for two threads.
        using var cipher = new AesGcm(secret, TagBytes);
        cipher.Encrypt(
            nonce, value, result.AsSpan(prefix.Length + NonceBytes, value.Length), result.AsSpan(^TagBytes..),
            storeKey);
        return result;
    }

    /// <inheritdoc/>
    public OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey)
    {
        string? problem = "no matching key was found for the provided AES transformer";
        for (var i = 0; i < _keys.Length; i++)
        {
            var (prefix, secret) = _keys[i];
            if (!stored.Span.StartsWith(prefix))
            {
                continue;
            }

            if (Decrypt(secret, stored.Span[prefix.Length..], storeKey, out problem) is { } value)
            {
                return new OpenedValue(value, i > 0);
            }
        }

        return OpenedValue.Failed(problem!);
    }

    private static byte[]? Decrypt(
        byte[] secret, ReadOnlySpan<byte> sealedValue, ReadOnlySpan<byte> storeKey, out string? problem)
    {
        if (sealedValue.Length < NonceBytes + TagBytes)
        {
            problem = "the stored data was shorter than the required size";
            return null;
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
