using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>The programs of the node that know credentials; none unless they are configured.</summary>
public sealed class CredentialPlugins
{
    private readonly IReadOnlyList<CredentialPlugin> _plugins = [];
    private readonly TokenCache _tokens;

    /// <summary>Reads which there are; fails as <see cref="CredentialProviderFiles.Read"/> does.</summary>
    public CredentialPlugins(
        NodeAgentOptions options, IObjectReader objects, IClusterApi api, KubeletMeters meters, TimeProvider time,
        ILogger<CredentialPlugins> logger)
    {
        // Apart from those of volumes: nobody renews these before they are needed.
        _tokens = new TokenCache(api, time, logger);
        var directory = options.ImageCredentialProviderDirectory;
        if (options.ImageCredentialProviderConfig.Length > 0)
        {
            _plugins =
            [
                .. CredentialProviderFiles.Read(options.ImageCredentialProviderConfig, directory)
                    .Select(p => new CredentialPlugin(p, directory, objects, _tokens, meters, time, logger)),
            ];
        }
    }

    /// <summary>What they know for a pod's image, the most specific first.</summary>
    public async Task<IReadOnlyList<PullCredential>> ForAsync(
        V1Pod pod, string image, CancellationToken cancellationToken)
    {
        var (repository, keyring) = (ImageReference.Repository(image), new RegistryKeyring());
        foreach (var plugin in _plugins)
        {
            foreach (var (registry, credential) in await plugin.ProvideAsync(pod, repository, cancellationToken))
            {
                keyring.Add(registry, credential);
            }
        }

        return keyring.Lookup(repository);
    }

    public void Forget(string podUid) => _tokens.Forget(podUid);
}
