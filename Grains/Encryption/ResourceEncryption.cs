namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>How the values of some resources are kept: providers in the order of the configuration.</summary>
internal sealed class ResourceEncryption(IReadOnlyList<IEncryptionProvider> providers)
{
    private readonly IEncryptionProvider[] _providers = [.. providers];

    /// <summary>With which key values are written; empty when they are not encrypted.</summary>
    public string WritesWith => _providers[0].WritesWith;

    /// <summary>A value as the store is to hold it.</summary>
    public byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey) => _providers[0].Seal(value, storeKey);

    /// <summary>
    /// Reads a stored value with the first provider that can. Of several with the same prefix each is asked, because
    /// keys may be spread over them.
    /// </summary>
    public OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey)
    {
        string? problem = null;
        for (var i = 0; i < _providers.Length; i++)
        {
            var provider = _providers[i];
            if (!stored.Span.StartsWith(provider.Prefix))
            {
                continue;
            }

            var opened = provider.Open(stored, storeKey);
            if (opened.Problem is null)
            {
                return opened with { IsStale = opened.IsStale || i > 0 };
            }

            if (provider.Prefix.Length > 0)
            {
                problem ??= opened.Problem;
            }
        }

        return OpenedValue.Failed(problem ?? "no matching prefix found");
    }
}
