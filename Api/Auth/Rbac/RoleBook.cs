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
}

/// <summary>
/// Roles and bindings as this silo's caches hold them (upstream's <c>rbac/validation</c> reads its informers likewise).
/// A cache that cannot be read throws: no answer is never yes.
/// </summary>
public sealed class RoleBook
{
    private readonly Func<ResourceName, CancellationToken, ValueTask<CacheSnapshot>> _read;
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
        var result = new List<GrantedRules>();
        foreach (var bound in await BoundEverywhereAsync(user, cancellationToken))
        {
            result.Add(await RulesOfAsync(bound, "", cancellationToken));
        }

        foreach (var bound in await BoundInAsync(user, space, cancellationToken))
        {
            result.Add(await RulesOfAsync(bound, space, cancellationToken));
        }

        return result;
    }

    /// <summary>The roles that somebody has in all namespaces, and without one.</summary>
    public async ValueTask<IEnumerable<BoundRole>> BoundEverywhereAsync(
        UserIdentity user, CancellationToken cancellationToken)
    {
        var bindings = await _read(WellKnown.ClusterRoleBindings, cancellationToken);
        return Fresh(ref _everywhere, bindings, SubjectIndex.OfClusterRoleBindings).For(user, "");
    }

    /// <summary>The roles that somebody has in one namespace; none without one.</summary>
    public async ValueTask<IEnumerable<BoundRole>> BoundInAsync(
        UserIdentity user, string space, CancellationToken cancellationToken)
    {
        if (space.Length == 0)
        {
            return [];
        }

        var bindings = await _read(WellKnown.RoleBindings, cancellationToken);
        return Fresh(ref _inNamespaces, bindings, SubjectIndex.OfRoleBindings).For(user, space);
    }

    /// <summary>The rules of a role, as bindings of a namespace (empty: of none) refer to it.</summary>
    public async ValueTask<GrantedRules> RulesOfAsync(
        BoundRole bound, string space, CancellationToken cancellationToken)
    {
        var isLocal = bound.Role.Kind == "Role";
        var resource = isLocal ? WellKnown.Roles : WellKnown.ClusterRoles;
        var current = await _read(resource, cancellationToken);
        return bound.RulesAt(current.Revision)
            ?? bound.Keep(current.Revision, Find(current, bound, isLocal ? space : ""));
    }

    private static GrantedRules Find(CacheSnapshot roles, BoundRole bound, string space)
    {
        var isLocal = bound.Role.Kind == "Role";
        var key = new ObjectKey(space, bound.Role.Name ?? "");
        if (roles.Get(key) is { } found)
        {
            var rules = isLocal ? found.As<V1Role>().Rules : found.As<V1ClusterRole>().Rules;
            return new GrantedRules(bound.Source, rules ?? []);
        }

        // Upstream's listers know a role by its singular.
        var singular = new ResourceName(WellKnown.Roles.Group, isLocal ? "role" : "clusterrole");
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
