using System.Runtime.CompilerServices;
using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>What a role that somebody has allows, or why that is not known.</summary>
/// <param name="Source">By what they have it.</param>
/// <param name="Rules">The rules; none when the role is missing.</param>
/// <param name="Complaint">The missing role; null when it is there.</param>
public sealed record GrantedRules(string Source, IList<V1PolicyRule> Rules, Status? Complaint = null)
{
    /// <summary>Why something is allowed that these rules allow.</summary>
    public string Reason { get; } = $"RBAC: allowed by {Source}";

    /// <summary>The rules by what they are about.</summary>
    internal RuleIndex Index { get; init; } = RuleIndex.Empty;
}

/// <summary>
/// Roles and bindings as this silo's caches hold them (upstream's <c>rbac/validation</c> reads its informers likewise).
/// A cache that cannot be read throws: no answer is never yes.
/// </summary>
public sealed class RoleBook
{
    private readonly Func<ResourceName, CancellationToken, ValueTask<CacheSnapshot>> _read;
    // By version of a role, for all that are bound to it, and for as long as somebody holds that version.
    private readonly ConditionalWeakTable<ResourceObject, RuleIndex> _indexes = [];
    private SubjectIndex? _everywhere;
    private SubjectIndex? _inNamespaces;

    public RoleBook(ResourceCaches caches)
        : this(async (resource, token) => (await caches.GetAsync(resource, token)).Current)
    {
    }

    /// <param name="read">Gives all objects of a resource as they are now.</param>
    internal RoleBook(Func<ResourceName, CancellationToken, ValueTask<CacheSnapshot>> read) => _read = read;

    /// <summary>All that a user may do in a namespace, or without one when that is empty.</summary>
    public async ValueTask<IReadOnlyList<GrantedRules>> RulesOfAsync(
        UserIdentity user, string space, CancellationToken cancellationToken)
    {
        var everywhere = await GrantedEverywhereAsync(user, cancellationToken);
        return space.Length == 0
            ? [.. everywhere]
            : [.. everywhere, .. await GrantedInAsync(user, space, cancellationToken)];
    }

    /// <summary>What somebody may do in all namespaces, and without one, by each of their bindings.</summary>
    public async ValueTask<IEnumerable<GrantedRules>> GrantedEverywhereAsync(
        UserIdentity user, CancellationToken cancellationToken)
    {
        var bindings = await _read(WellKnown.ClusterRoleBindings, cancellationToken);
        var clusterRoles = await _read(WellKnown.ClusterRoles, cancellationToken);
        var bound = Fresh(ref _everywhere, bindings, SubjectIndex.OfClusterRoleBindings).For(user, "");
        return Granted(bound, "", clusterRoles, clusterRoles);
    }

    /// <summary>What somebody may do in one namespace by each of its bindings.</summary>
    public async ValueTask<IEnumerable<GrantedRules>> GrantedInAsync(
        UserIdentity user, string space, CancellationToken cancellationToken)
    {
        var bindings = await _read(WellKnown.RoleBindings, cancellationToken);
        var clusterRoles = await _read(WellKnown.ClusterRoles, cancellationToken);
        var roles = await _read(WellKnown.Roles, cancellationToken);
        var bound = Fresh(ref _inNamespaces, bindings, SubjectIndex.OfRoleBindings).For(user, space);
        return Granted(bound, space, clusterRoles, roles);
    }

    /// <summary>The rules of a role, as bindings of a namespace (empty: of none) refer to it.</summary>
    public async ValueTask<GrantedRules> RulesOfAsync(
        BoundRole bound, string space, CancellationToken cancellationToken) => bound.IsLocal
        ? Of(bound, space, await _read(WellKnown.Roles, cancellationToken))
        : Of(bound, "", await _read(WellKnown.ClusterRoles, cancellationToken));

    private IEnumerable<GrantedRules> Granted(
        IEnumerable<BoundRole> all, string space, CacheSnapshot clusterRoles, CacheSnapshot roles)
    {
        foreach (var bound in all)
        {
            yield return bound.IsLocal ? Of(bound, space, roles) : Of(bound, "", clusterRoles);
        }
    }

    private GrantedRules Of(BoundRole bound, string space, CacheSnapshot current) =>
        bound.RulesAt(current.Revision) ?? bound.Keep(current.Revision, Find(current, bound, space));

    private GrantedRules Find(CacheSnapshot roles, BoundRole bound, string space)
    {
        var key = new ObjectKey(space, bound.Role.Name ?? "");
        if (roles.Get(key) is { } found)
        {
            var rules = bound.IsLocal ? found.As<V1Role>().Rules : found.As<V1ClusterRole>().Rules;
            return new GrantedRules(bound.Source, rules ?? [])
            {
                Index = _indexes.GetValue(found, _ => new RuleIndex(rules ?? [])),
            };
        }

        // Upstream's listers know a role by its singular.
        var singular = new ResourceName(WellKnown.Roles.Group, bound.IsLocal ? "role" : "clusterrole");
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
