using System.Collections.Immutable;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>A key by its name.</summary>
/// <param name="Name">What values that it wrote are marked with.</param>
/// <param name="Secret">As many bytes as the scheme takes.</param>
public sealed record EncryptionKey(string Name, ImmutableArray<byte> Secret);

/// <summary>How keys encrypt.</summary>
public enum EncryptionScheme
{
    /// <summary>AES-GCM, authenticated with the object's key; 16, 24 or 32 bytes.</summary>
    AesGcm,

    /// <summary>AES-CBC, not authenticated; 16, 24 or 32 bytes.</summary>
    AesCbc,

    /// <summary>XSalsa20 and Poly1305, authenticated; 32 bytes.</summary>
    Secretbox,
}

/// <summary>A provider that encrypts, as it is configured.</summary>
public abstract record ProviderSettings;

/// <summary>Keys of a provider.</summary>
/// <param name="Scheme">How they encrypt.</param>
/// <param name="Keys">The first writes, all read.</param>
public sealed record ProviderKeys(EncryptionScheme Scheme, IReadOnlyList<EncryptionKey> Keys) : ProviderSettings;
