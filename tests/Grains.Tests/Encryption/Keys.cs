using OrleansOrchestrator.Grains.Encryption;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>Keys of tests: each name has its bytes.</summary>
internal static class Keys
{
    public static EncryptionKey Of(string name, byte fill) => new(name, [.. Enumerable.Repeat(fill, 32)]);

    /// <summary>Secrets by these providers; null is the one that leaves them as they are.</summary>
    public static EncryptionConfiguration ForSecrets(params EncryptionKey[]?[] providers)
    {
        var configuration = new EncryptionConfiguration();
        configuration.Add(["secrets"], providers);
        return configuration;
    }
}
