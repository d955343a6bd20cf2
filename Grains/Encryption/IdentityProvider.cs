namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>Values as they are: JSON, which begins with a brace.</summary>
internal sealed class IdentityProvider : IEncryptionProvider
{
    /// <summary>What every encrypted value begins with.</summary>
    public static ReadOnlySpan<byte> Encrypted => "k8s:enc:"u8;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Prefix => [];

    /// <inheritdoc/>
    public string Label => "identity";

    /// <inheritdoc/>
    public string WritesWith => "";

    /// <inheritdoc/>
    public byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey) => value.ToArray();

    /// <inheritdoc/>
    public OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey) =>
        stored.Span.StartsWith(Encrypted)
            ? OpenedValue.Failed("identity transformer tried to read encrypted data")
            : new OpenedValue(stored, false);
}
