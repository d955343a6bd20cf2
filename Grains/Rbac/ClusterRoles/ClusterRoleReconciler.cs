using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Rbac.ClusterRoles;

/// <summary>Keeps the rules of one ClusterRole those of the roles that it is made of.</summary>
public sealed class ClusterRoleReconciler : IObjectReconciler
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Controller = "clusterrole-aggregation-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;

    public ClusterRoleReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(WellKnown.ClusterRoles, _key, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded || read.Value.As<V1ClusterRole>().AggregationRule is null)
        {
            return ReconcileResult.Done;
        }

        var role = read.Value.Clone<V1ClusterRole>();
        var all = await _client.ListAsync<V1ClusterRole>(ResourceOf<V1ClusterRole>.Query(), cancellationToken);
        if (ClusterRolePlanner.Compute(role, all) is { } rules)
        {
            role.Rules = rules;
            var written = await _client.UpdateAsync(role, cancellationToken);
            if (!written.Succeeded && written.Error.Reason != StatusReasons.NotFound)
            {
                throw ReconcileException.Of($"rules of clusterrole {_key.Name}", written.Error);
            }
        }

        return ReconcileResult.Done;
    }
}
