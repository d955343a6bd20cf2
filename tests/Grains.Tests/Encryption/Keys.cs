using OrleansOrchestrator.Grains.Encryption;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>Keys of tests: each name has its bytes.</summary>
internal static class Keys
{
    public static EncryptionKey Of(string name, byte fill) => new(name, [.. Enumerable.Repeat(fill, 32)]);

    /// <summary>A provider of AES-GCM.</summary>
    public static ProviderKeys AesGcm(params EncryptionKey[] keys) => new(EncryptionScheme.AesGcm, keys);

    /// <summary>Secrets by these providers of AES-GCM; null is the one that leaves them as they are.</summary>
    public static EncryptionConfiguration ForSecrets(params EncryptionKey[]?[] providers) =>
        ForSecrets([.. providers.Select(static keys => keys is null ? null : AesGcm(keys))]);

    /// <summary>Secrets by these providers.</summary>
    public static EncryptionConfiguration ForSecrets(params ProviderKeys?[] providers)
    {
        var configuration = new EncryptionConfiguration();
        configuration.Add(["secrets"], providers);
        return configuration;
    }
}
