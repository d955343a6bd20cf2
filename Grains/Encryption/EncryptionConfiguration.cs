using System.Collections.Concurrent;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Encryption.Kms;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Which resources are encrypted at rest, and how: upstream's EncryptionConfiguration, read and checked. It has the
/// connections to its plugins, which are made with their first calls.
/// </summary>
public sealed class EncryptionConfiguration(TimeProvider? time = null) : IKeyChanges, IDisposable
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly List<KmsPlugin> _plugins = [];
    private readonly List<(IReadOnlyList<string> Resources, ResourceEncryption Encryption)> _entries = [];
    private readonly ConcurrentDictionary<ResourceName, ResourceEncryption?> _found = new();

    /// <summary>Adds resources with the way their values are kept.</summary>
    /// <param name="resources">
    /// <c>secrets</c>, <c>deployments.apps</c>, <c>*.apps</c>, <c>*.</c> (the core group), <c>*.*</c>.
    /// </param>
    /// <param name="providers">
    /// In order: the keys of a provider, or a plugin, or null for the one that leaves values as they are.
    /// </param>
    public void Add(IReadOnlyList<string> resources, IReadOnlyList<ProviderSettings?> providers)
    {
        _entries.Add((resources, new ResourceEncryption([.. providers.Select(Make)])));
        _found.Clear();
    }

    /// <summary>Some values are encrypted by plugins.</summary>
    public bool UsesPlugins => _plugins.Count > 0;

    internal IReadOnlyList<KmsPlugin> Plugins => _plugins;

    /// <summary>The resources that were asked for, and what is configured for them.</summary>
    internal IReadOnlyCollection<KeyValuePair<ResourceName, ResourceEncryption?>> Found => [.. _found];

    /// <summary>Null when all plugins are well, else what is wrong with them, in upstream's words.</summary>
    public async ValueTask<string?> CheckPluginsAsync(CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        for (var i = 0; i < _plugins.Count; i++)
        {
            if (await _plugins[i].CheckAsync(cancellationToken) is { } problem)
            {
                problems.Add($"kms-provider-{i}: {problem}");
            }
        }

        return GoErrors.Join(problems);
    }

    /// <inheritdoc/>
    public int KeyChangesOf(ResourceName resource) => Find(resource)?.KeyChanges ?? 0;

    public void Dispose() => _plugins.ForEach(static p => p.Dispose());

    /// <summary>What is configured for a resource, which is the first that names it; null when nothing does.</summary>
    internal ResourceEncryption? Find(ResourceName resource) =>
        _found.GetOrAdd(resource, static (name, self) => self.Match(name), this);

    private ResourceEncryption? Match(ResourceName resource)
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

    private IEncryptionProvider Make(ProviderSettings? settings)
    {
        switch (settings)
        {
            case null:
                return new IdentityProvider();
            case KmsSettings kms:
                var plugin = new KmsPlugin(kms, _time);
                _plugins.Add(plugin);
                return new KmsProvider(plugin);
            default:
                return new KeyedProvider((ProviderKeys)settings);
        }
    }

    private static bool Matches(string pattern, ResourceName resource) => pattern switch
    {
        "*.*" => true,
        _ when pattern.StartsWith("*.", StringComparison.Ordinal) => pattern[2..] == resource.Group,
        _ => pattern == resource.Qualified,
    };
}
