using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>How the values of some resources are kept: providers in the order of the configuration.</summary>
internal sealed class ResourceEncryption(IReadOnlyList<IEncryptionProvider> providers)
{
    private const string NoProvider = "no matching prefix found";

    private readonly IEncryptionProvider[] _providers = [.. providers];

    /// <summary>With which key values are written; empty when they are not encrypted.</summary>
    public string WritesWith => _providers[0].WritesWith;

    /// <summary>What metrics call who writes: nothing where values are left as they are.</summary>
    public string WriterLabel => WritesWith.Length == 0 ? "" : _providers[0].Label;

    /// <summary>How often that key has become another since the start.</summary>
    public int KeyChanges => _providers[0].KeyChanges;

    /// <summary>Gets what is needed to write, if it can be had.</summary>
    public ValueTask ReadyAsync(CancellationToken cancellationToken) => _providers[0].ReadyAsync(cancellationToken);

    /// <summary>
    /// A value as the store is to hold it. Throws <see cref="StoreUnavailableException"/> when there is no key now.
    /// </summary>
    public byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey) => _providers[0].Seal(value, storeKey);

    /// <summary>A text that only the key that writes can read.</summary>
    public byte[] Prove(ReadOnlySpan<byte> storeKey) => _providers[0].Prove(storeKey);

    /// <summary>Why such a text cannot be read; null when it can.</summary>
    public string? Disprove(ReadOnlyMemory<byte> proof, ReadOnlySpan<byte> storeKey)
    {
        string? problem = null;
        foreach (var provider in _providers)
        {
            if (provider.Prefix.Length == 0 || !proof.Span.StartsWith(provider.Prefix))
            {
                continue;
            }

            if (provider.Disprove(proof, storeKey) is not { } found)
            {
                return null;
            }

            problem ??= found;
        }

        return problem ?? NoProvider;
    }

    /// <summary>
    /// Gets what is needed to read a stored value. Throws <see cref="StoreUnavailableException"/> when it cannot be had
    /// now.
    /// </summary>
    public async ValueTask PrepareAsync(ReadOnlyMemory<byte> stored, CancellationToken cancellationToken)
    {
        foreach (var provider in _providers)
        {
            if (stored.Span.StartsWith(provider.Prefix))
            {
                await provider.PrepareAsync(stored, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Reads a stored value that was prepared, with the first provider that can. Of several with the same prefix each
    /// is asked, because keys may be spread over them.
    /// </summary>
    public OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey)
    {
        var (problem, label) = ((string?)null, OpenedValue.Unknown);
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
                return opened with { IsStale = opened.IsStale || i > 0, Label = provider.Label };
            }

            if (provider.Prefix.Length > 0 && problem is null)
            {
                (problem, label) = (opened.Problem, provider.Label);
            }
        }

        return OpenedValue.Failed(problem ?? NoProvider) with { Label = label };
    }
}
