using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Grains.Rbac.ClusterRoles;

/// <summary>
/// Keeps the rules of one ClusterRole those of the roles that it is made of; applied, as upstream does it.
/// </summary>
public sealed class ClusterRoleReconciler : IObjectReconciler
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Controller = "clusterrole-aggregation-controller";

    /// <summary>As whom controllers own what they update.</summary>
    private const string UpdatingManager = "kube-controller-manager";

    private static readonly PathElement RulesField = PathElement.Field("rules");

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
        if (read.OrNull($"clusterrole {_key.Name}") is not { } item
            || item.As<V1ClusterRole>() is not { AggregationRule: not null } role)
        {
            return ReconcileResult.Done;
        }

        var all = await _client.ListAsync<V1ClusterRole>(ResourceOf<V1ClusterRole>.Query(), cancellationToken);
        if (ClusterRolePlanner.Compute(role, all) is not { } rules)
        {
            return ReconcileResult.Done;
        }

        var written = rules.Count == 0 && IsOfAnUpdate(role)
            ? await ClearAsync(item, cancellationToken)
            : await ApplyAsync(role, rules, cancellationToken);

        // Whoever has written or deleted the role meanwhile has it looked at again, if there is need.
        written.ThrowIfRefused($"rules of clusterrole {_key.Name}", StatusReasons.NotFound, StatusReasons.Conflict);

        return ReconcileResult.Done;
    }

    /// <summary>The rules are of a version of this controller that updated roles.</summary>
    private static bool IsOfAnUpdate(V1ClusterRole role) => ManagedFields.Of(role.Metadata.ManagedFields).Entries.Any(
        static e => e.Owner is { Name: UpdatingManager, IsApply: false } && e.Set.Has(RulesField));

    /// <summary>What was not applied would stay when it is no longer applied.</summary>
    private ValueTask<Outcome<ResourceObject>> ClearAsync(ResourceObject read, CancellationToken cancellationToken)
    {
        var role = read.Clone<V1ClusterRole>();
        role.Rules = null;
        return _client.UpdateAsync(role, cancellationToken);
    }

    /// <summary>
    /// Without any rules the field is left out: those that somebody else gave the role stay. An apply is forced, and
    /// makes what is not there; so it says of which version of the role it is.
    /// </summary>
    private ValueTask<Outcome<ResourceObject>> ApplyAsync(
        V1ClusterRole role, IList<V1PolicyRule> rules, CancellationToken cancellationToken)
    {
        var applied = JsonNode.Parse(ResourceCodec.Encode(new V1ClusterRole
        {
            ApiVersion = ResourceOf<V1ClusterRole>.ApiVersion,
            Kind = ResourceOf<V1ClusterRole>.Kind,
            Metadata = new V1ObjectMeta
            {
                Name = _key.Name, Uid = role.Metadata.Uid, ResourceVersion = role.Metadata.ResourceVersion,
            },
            Rules = rules,
        }))!.AsObject();
        _ = rules.Count > 0 || applied.Remove("rules");
        return _client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.ClusterRoles, Key = _key, Kind = PatchKind.Apply, FieldManager = Controller,
                Patch = Encoding.UTF8.GetBytes(applied.ToJsonString()),
            },
            cancellationToken);
    }
}
