using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>One way to keep values in the store; of a list of them the first writes and all read.</summary>
internal interface IEncryptionProvider
{
    /// <summary>What its values begin with; empty where they are as they are.</summary>
    ReadOnlySpan<byte> Prefix { get; }

    /// <summary>What metrics call it.</summary>
    string Label { get; }

    /// <summary>The prefix and the name of the key with which it writes; empty where it encrypts nothing.</summary>
    string WritesWith { get; }

    /// <summary>How often the key with which it writes has become another while it has been in use.</summary>
    int KeyChanges => 0;

    /// <summary>Gets what is needed to write from elsewhere, if it can be had.</summary>
    ValueTask ReadyAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// The value as the store is to hold it, prefix included. Throws <see cref="StoreUnavailableException"/> when there
    /// is no key now.
    /// </summary>
    byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey);

    /// <summary>
    /// Gets what is needed to read what begins with the prefix from elsewhere. Throws <see
    /// cref="StoreUnavailableException"/> when it cannot be had now.
    /// </summary>
    ValueTask PrepareAsync(ReadOnlyMemory<byte> stored, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    /// <summary>Reads what begins with the prefix, and was prepared.</summary>
    OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey);

    /// <summary>A text that only the same key can read.</summary>
    byte[] Prove(ReadOnlySpan<byte> storeKey) => Seal("{}"u8, storeKey);

    /// <summary>Why such a text cannot be read; null when it can.</summary>
    string? Disprove(ReadOnlyMemory<byte> proof, ReadOnlySpan<byte> storeKey) => Open(proof, storeKey).Problem;
}
