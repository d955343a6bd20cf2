using System.Text;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Keys of one scheme in upstream's form: <c>k8s:enc:SCHEME:v1:KEYNAME:</c>, and what the key makes of the value.
/// </summary>
internal sealed class KeyedProvider : IEncryptionProvider
{
    private const string TooShort = "the stored data was shorter than the required size";

    private readonly byte[] _prefix;
    private readonly string _unknownKey;
    private readonly (byte[] Prefix, IKeyCipher Cipher)[] _keys;

    public KeyedProvider(ProviderKeys provider)
    {
        var (name, family, cipher) = Of(provider.Scheme);
        var prefix = $"k8s:enc:{name}:v1:";
        (Label, _prefix) = (prefix, Encoding.UTF8.GetBytes(prefix));
        _unknownKey = $"no matching key was found for the provided {family} transformer";
        _keys =
        [
            .. provider.Keys.Select(k => (Encoding.UTF8.GetBytes($"{prefix}{k.Name}:"), cipher(k.Secret.ToArray()))),
        ];
        WritesWith = $"{prefix}{provider.Keys[0].Name}:";
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Prefix => _prefix;

    /// <inheritdoc/>
    public string Label { get; }

    /// <inheritdoc/>
    public string WritesWith { get; }

    /// <inheritdoc/>
    public byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey)
    {
        var (prefix, cipher) = _keys[0];
        var result = GC.AllocateUninitializedArray<byte>(prefix.Length + cipher.SealedLength(value.Length));
        prefix.CopyTo(result, 0);
        cipher.Seal(value, storeKey, result.AsSpan(prefix.Length));
        return result;
    }

    /// <inheritdoc/>
    public OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey)
    {
        string? problem = _unknownKey;
        for (var i = 0; i < _keys.Length; i++)
        {
            var (prefix, cipher) = _keys[i];
            if (!stored.Span.StartsWith(prefix))
            {
                continue;
            }

            if (cipher.Open(stored.Span[prefix.Length..], storeKey, out problem) is { } value)
            {
                return new OpenedValue(value, i > 0);
            }
        }

        return OpenedValue.Failed(problem!);
    }

    /// <summary>What is too short for any value.</summary>
    internal static byte[]? RefuseShort(out string? problem)
    {
        problem = TooShort;
        return null;
    }

    private static (string Name, string Family, Func<byte[], IKeyCipher> Cipher) Of(EncryptionScheme scheme) =>
        scheme switch
        {
            EncryptionScheme.AesGcm => ("aesgcm", "AES", static secret => new AesGcmCipher(secret)),
            EncryptionScheme.AesCbc => ("aescbc", "AES", static secret => new AesCbcCipher(secret)),
            _ => ("secretbox", "Secretbox", static secret => new SecretboxCipher(secret)),
        };
}
