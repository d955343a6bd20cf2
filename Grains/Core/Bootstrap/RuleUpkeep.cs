using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.FlowControl;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>
/// Makes and mends the roles, bindings, priority levels and flow schemas that every cluster has. As upstream, those of
/// authorization once, when a silo starts: what an administrator takes away stays away until then; and those of flow
/// control in every round.
/// </summary>
internal sealed class RuleUpkeep(IResourceClient client)
{
    /// <summary>Others, other silos among them, may write the same object meanwhile.</summary>
    private const int MaxAttempts = 5;

    private bool _hasRoles;

    /// <summary>One round; throws when the API refuses, and then the next round begins anew.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (!_hasRoles)
        {
            await EnsureRolesAsync(cancellationToken);
            _hasRoles = true;
        }

        await EnsureAllAsync(BuiltInFlowControl.PriorityLevels, FlowControlUpkeep.Mend, cancellationToken);
        await EnsureAllAsync(BuiltInFlowControl.FlowSchemas, FlowControlUpkeep.Mend, cancellationToken);
    }

    /// <summary>
    /// Roles that are made of others come last: the controller that puts them together has its rights from then on, and
    /// would be refused before; and they tell the API that all bindings have been made (<c>BuiltInRoles</c>).
    /// </summary>
    private async Task EnsureRolesAsync(CancellationToken cancellationToken)
    {
        var kinds = BootstrapPolicy.ClusterRoles.ToLookup(static r => r.AggregationRule is not null);
        await EnsureAllAsync(kinds[false], RoleUpkeep.Mend, cancellationToken);
        await EnsureAllAsync(BootstrapPolicy.ClusterRoleBindings, RoleUpkeep.Mend, cancellationToken);
        await EnsureAllAsync(BootstrapPolicy.Roles, RoleUpkeep.Mend, cancellationToken);
        await EnsureAllAsync(BootstrapPolicy.RoleBindings, RoleUpkeep.Mend, cancellationToken);
        await EnsureAllAsync(kinds[true], RoleUpkeep.Mend, cancellationToken);
    }

    /// <summary>All at once: what waits for a journal together is committed together.</summary>
    private Task EnsureAllAsync<T>(
        IEnumerable<T> wanted, Func<T, T, UpkeepAction> mend, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Task.WhenAll(wanted.Select(w => EnsureAsync(w, mend, cancellationToken)));

    private async Task EnsureAsync<T>(T wanted, Func<T, T, UpkeepAction> mend, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var freshness = ReadFreshness.Cached;
        for (var attempt = 1; ; attempt++)
        {
            if (await TryAsync(wanted, mend, freshness, cancellationToken) is not { } refused)
            {
                return;
            }

            var isRace = refused.Reason is StatusReasons.AlreadyExists or StatusReasons.Conflict
                or StatusReasons.NotFound;
            if (!isRace || attempt == MaxAttempts)
            {
                throw new StatusException(refused);
            }

            freshness = ReadFreshness.Linearizable;
        }
    }

    /// <summary>Null when the object is as it must be.</summary>
    private async Task<Status?> TryAsync<T>(
        T wanted, Func<T, T, UpkeepAction> mend, ReadFreshness freshness, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var read = await client.GetAsync(ResourceOf<T>.Name, wanted.Key(), freshness, cancellationToken);
        if (!read.Succeeded)
        {
            return read.Error.Reason == StatusReasons.NotFound
                ? (await client.CreateAsync(wanted, cancellationToken)).Error
                : read.Error;
        }

        var copy = read.Value.Clone<T>();
        var action = mend(copy, wanted);
        if (action == UpkeepAction.None)
        {
            return null;
        }

        if (action == UpkeepAction.Update)
        {
            return (await client.UpdateAsync(copy, cancellationToken)).Error;
        }

        var deleted = await client.DeleteAsync(copy, cancellationToken);
        return deleted.Error is { } refused && refused.Reason != StatusReasons.NotFound
            ? refused
            : (await client.CreateAsync(wanted, cancellationToken)).Error;
    }
}
