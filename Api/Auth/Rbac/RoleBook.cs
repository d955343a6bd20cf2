using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>What a role that somebody has allows, or why that is not known.</summary>
/// <param name="Source">By what they have it.</param>
/// <param name="Rules">The rules; none when the role is missing.</param>
/// <param name="Complaint">The missing role; null when it is there.</param>
public sealed record GrantedRules(string Source, IList<V1PolicyRule> Rules, Status? Complaint = null);

/// <summary>
/// Roles and bindings as this silo's caches hold them (upstream's <c>rbac/validation</c> reads its informers likewise).
/// A cache that cannot be read throws: no answer is never yes.
/// </summary>
public sealed class RoleBook(ResourceCaches caches)
{
    private SubjectIndex? _everywhere;
    private SubjectIndex? _inNamespaces;

    /// <summary>All that a user may do in a namespace, or without one when that is empty.</summary>
    public async ValueTask<IReadOnlyList<GrantedRules>> RulesOfAsync(
        UserIdentity user, string space, CancellationToken cancellationToken)
    {
        var bindings = await caches.GetAsync(WellKnown.ClusterRoleBindings, cancellationToken);
        var everywhere = Fresh(ref _everywhere, bindings.Current, SubjectIndex.OfClusterRoleBindings);
        var result = new List<GrantedRules>();
        foreach (var bound in everywhere.For(user, ""))
        {
            result.Add(await RulesOfAsync(bound, "", cancellationToken));
        }

        if (space.Length > 0)
        {
            var local = await caches.GetAsync(WellKnown.RoleBindings, cancellationToken);
            var inNamespaces = Fresh(ref _inNamespaces, local.Current, SubjectIndex.OfRoleBindings);
            foreach (var bound in inNamespaces.For(user, space))
            {
                result.Add(await RulesOfAsync(bound, space, cancellationToken));
            }
        }

        return result;
    }

    /// <summary>The rules of a role, as bindings of a namespace (empty: of none) refer to it.</summary>
    public async ValueTask<GrantedRules> RulesOfAsync(
        BoundRole bound, string space, CancellationToken cancellationToken)
    {
        var isLocal = bound.Role.Kind == "Role";
        var resource = isLocal ? WellKnown.Roles : WellKnown.ClusterRoles;
        var key = new ObjectKey(isLocal ? space : "", bound.Role.Name ?? "");
        var cache = await caches.GetAsync(resource, cancellationToken);
        if (cache.Current.Get(key) is { } found)
        {
            var rules = isLocal ? found.As<V1Role>().Rules : found.As<V1ClusterRole>().Rules;
            return new GrantedRules(bound.Source, rules ?? []);
        }

        // Upstream's listers know a role by its singular.
        var singular = new ResourceName(resource.Group, isLocal ? "role" : "clusterrole");
        return new GrantedRules(bound.Source, [], StatusErrors.NotFound(singular, key.Name));
    }

    /// <summary>The index of a snapshot. Two requests may make the same one at once; either will do.</summary>
    private static SubjectIndex Fresh(
        ref SubjectIndex? known, CacheSnapshot snapshot, Func<CacheSnapshot, SubjectIndex> read)
    {
        var index = Volatile.Read(ref known);
        if (index is null || !ReferenceEquals(index.Snapshot, snapshot))
        {
            index = read(snapshot);
            Volatile.Write(ref known, index);
        }

        return index;
    }
}
