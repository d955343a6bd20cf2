using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Which resources are encrypted at rest, and how: upstream's EncryptionConfiguration, read and checked.
/// </summary>
public sealed class EncryptionConfiguration
{
    private readonly List<(IReadOnlyList<string> Resources, ResourceEncryption Encryption)> _entries = [];

    /// <summary>Adds resources with the way their values are kept.</summary>
    /// <param name="resources">
    /// <c>secrets</c>, <c>deployments.apps</c>, <c>*.apps</c>, <c>*.</c> (the core group), <c>*.*</c>.
    /// </param>
    /// <param name="providers">
    /// In order: the keys of a provider, or null for the one that leaves values as they are.
    /// </param>
    public void Add(IReadOnlyList<string> resources, IReadOnlyList<ProviderKeys?> providers) => _entries.Add((
        resources,
        new ResourceEncryption(
            [.. providers.Select(static keys => keys is null
                ? (IEncryptionProvider)new IdentityProvider()
                : new KeyedProvider(keys))])));

    /// <summary>What is configured for a resource, which is the first that names it; null when nothing does.</summary>
    internal ResourceEncryption? Find(ResourceName resource)
    {
        foreach (var (resources, encryption) in _entries)
        {
            if (resources.Any(pattern => Matches(pattern, resource)))
            {
                return encryption;
            }
        }

        return null;
    }

    private static bool Matches(string pattern, ResourceName resource) => pattern switch
    {
        "*.*" => true,
        _ when pattern.StartsWith("*.", StringComparison.Ordinal) => pattern[2..] == resource.Group,
        _ => pattern == resource.Qualified,
    };
}
