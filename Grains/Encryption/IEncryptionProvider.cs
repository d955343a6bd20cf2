namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>One way to keep values in the store; of a list of them the first writes and all read.</summary>
internal interface IEncryptionProvider
{
    /// <summary>What its values begin with; empty where they are as they are.</summary>
    ReadOnlySpan<byte> Prefix { get; }

    /// <summary>The prefix and the name of the key with which it writes; empty where it encrypts nothing.</summary>
    string WritesWith { get; }

    /// <summary>The value as the store is to hold it, prefix included.</summary>
    byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey);

    /// <summary>Reads what begins with the prefix.</summary>
    OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey);
}
