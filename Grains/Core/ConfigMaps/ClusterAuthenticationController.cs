using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ConfigMaps;

/// <summary>
/// Keeps <c>kube-system/extension-apiserver-authentication</c>: by it servers of aggregated APIs know whose client
/// certificates are good, and who may tell them for whom a request is (upstream's cluster authentication trust
/// controller).
/// </summary>
public sealed class ClusterAuthenticationController : IController
{
    public const string Name = "cluster_authentication_trust_controller";

    private static readonly ObjectKey Key = new("kube-system", "extension-apiserver-authentication");

    private readonly IResourceClient _client;
    private readonly IClusterTrust _trust;

    public ClusterAuthenticationController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.ApiServer);
        _trust = services.Trust;
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.FollowAsync(WellKnown.ConfigMaps, cancellationToken))
        {
            if (ReferenceEquals(change, ResourceChange.Synced) || change.Object.Key == Key)
            {
                await ResyncAsync(cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var wanted = await WantedAsync(cancellationToken);
        var read = await _client.GetAsync<V1ConfigMap>(Key, ReadFreshness.Linearizable, cancellationToken);
        if (read.Succeeded && Maps.Same(read.Value.Data, wanted))
        {
            return;
        }

        var item = new V1ConfigMap
        {
            Metadata = new V1ObjectMeta
            {
                Name = Key.Name, NamespaceProperty = Key.Namespace,
                ResourceVersion = read.Succeeded ? read.Value.Metadata.ResourceVersion : null,
            },
            Data = wanted,
        };
        var written = await (read.Succeeded
            ? _client.UpdateAsync(item, cancellationToken)
            : _client.CreateAsync(item, cancellationToken));

        // Who was faster changed it, and that brings this here again.
        written.ThrowIfRefused(
            $"configmap {Key}", StatusReasons.NotFound, StatusReasons.Conflict, StatusReasons.AlreadyExists);
    }

    private async Task<Dictionary<string, string>> WantedAsync(CancellationToken cancellationToken)
    {
        var result = new Dictionary<string, string>
        {
            ["client-ca-file"] = await _trust.GetAuthorityPemAsync(cancellationToken),
        };
        var proxies = await _trust.GetFrontProxyTrustAsync(cancellationToken);
        if (proxies.AuthorityPem.Length > 0)
        {
            result["requestheader-client-ca-file"] = proxies.AuthorityPem;
            result["requestheader-allowed-names"] = Json(proxies.AllowedNames);
            result["requestheader-extra-headers-prefix"] = Json(proxies.ExtraHeaderPrefixes);
            result["requestheader-group-headers"] = Json(proxies.GroupHeaders);
            result["requestheader-uid-headers"] = Json(proxies.UidHeaders);
            result["requestheader-username-headers"] = Json(proxies.UserHeaders);
        }

        return result;
    }

    private static string Json(IReadOnlyList<string> names) => JsonSerializer.Serialize(names);
}
