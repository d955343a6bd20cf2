using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ConfigMaps;

/// <summary>
/// Keeps <c>kube-public/cluster-info</c> signed with the tokens that machines begin with. It remembers nothing: each
/// change of the ConfigMap or of a token compares all anew.
/// </summary>
public sealed class ClusterInfoController : IController
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Name = "bootstrap-signer";

    private static readonly ObjectKey Info = new(ClusterInfoPlanner.Namespace, ClusterInfoPlanner.Name);

    private readonly IResourceClient _client;
    private readonly TimeProvider _time;

    public ClusterInfoController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(Name));
        _time = services.Time;
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [
            token => FollowAsync(WellKnown.ConfigMaps, static key => key == Info, token),
            token => FollowAsync(WellKnown.Secrets, IsToken, token),
        ],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(WellKnown.ConfigMaps, Info, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return;
        }

        var info = read.Value.Clone<V1ConfigMap>();
        if (ClusterInfoPlanner.Compute(info, await TokensAsync(cancellationToken), _time.GetUtcNow()) is not { } data)
        {
            return;
        }

        info.Data = data;
        var written = await _client.UpdateAsync(info, cancellationToken);

        // Who was faster changed it, and that brings this here again.
        written.ThrowIfRefused($"signatures of configmap {Info}", StatusReasons.NotFound, StatusReasons.Conflict);
    }

    private async Task FollowAsync(
        ResourceName resource, Func<ObjectKey, bool> concerns, CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(resource, cancellationToken))
        {
            if (concerns(change.Object.Key))
            {
                await ResyncAsync(cancellationToken);
            }
        }
    }

    private async Task<IEnumerable<BootstrapToken>> TokensAsync(CancellationToken cancellationToken)
    {
        var secrets = await _client.ListAsync(
            ResourceOf<V1Secret>.Query(BootstrapToken.Namespace) with { Freshness = ReadFreshness.Linearizable },
            cancellationToken);
        return secrets.Items.Where(s => IsToken(s.Key)).Select(s => BootstrapToken.Read(s.As<V1Secret>()))
            .OfType<BootstrapToken>();
    }

    private static bool IsToken(ObjectKey key) =>
        key.Namespace == BootstrapToken.Namespace
        && key.Name.StartsWith(BootstrapToken.NamePrefix, StringComparison.Ordinal);
}
