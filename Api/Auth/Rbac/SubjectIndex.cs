using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>A role that somebody has by a binding.</summary>
/// <param name="Role">The role.</param>
/// <param name="Source">The binding, the role and the subject, as reasons name them.</param>
public sealed record BoundRole(V1RoleRef Role, string Source);

/// <summary>
/// Which bindings name whom, of one snapshot of bindings: a request asks for its user and groups instead of looking at
/// all bindings. Bindings change seldom, requests come all the time.
/// </summary>
internal sealed class SubjectIndex
{
    private readonly Dictionary<(string Space, string Subject), List<BoundRole>> _bound = [];

    private SubjectIndex(CacheSnapshot snapshot) => Snapshot = snapshot;

    /// <summary>What this is the index of.</summary>
    public CacheSnapshot Snapshot { get; }

    public static SubjectIndex OfClusterRoleBindings(CacheSnapshot snapshot)
    {
        var index = new SubjectIndex(snapshot);
        foreach (var binding in snapshot.Range().Select(static i => i.As<V1ClusterRoleBinding>()))
        {
            index.Add("", $"ClusterRoleBinding {GoText.Quote(binding.Metadata.Name)}", binding.RoleRef,
                binding.Subjects);
        }

        return index;
    }

    public static SubjectIndex OfRoleBindings(CacheSnapshot snapshot)
    {
        var index = new SubjectIndex(snapshot);
        foreach (var binding in snapshot.Range().Select(static i => i.As<V1RoleBinding>()))
        {
            var space = binding.Metadata.NamespaceProperty;
            var source = $"RoleBinding {GoText.Quote($"{binding.Metadata.Name}/{space}")}";
            index.Add(space, source, binding.RoleRef, binding.Subjects);
        }

        return index;
    }

    /// <summary>The roles that bindings of a namespace (empty: of none) give somebody.</summary>
    public IEnumerable<BoundRole> For(UserIdentity user, string space) =>
        user.Groups.Select(GroupKey).Prepend(UserKey(user.Name))
            .SelectMany(subject => _bound.GetValueOrDefault((space, subject)) ?? []);

    private void Add(string space, string binding, V1RoleRef role, IList<Rbacv1Subject>? subjects)
    {
        foreach (var subject in subjects ?? [])
        {
            var home = string.IsNullOrEmpty(subject.NamespaceProperty) ? space : subject.NamespaceProperty;
            var (key, shown) = subject.Kind switch
            {
                "User" => (UserKey(subject.Name), subject.Name),
                "Group" => (GroupKey(subject.Name), subject.Name),
                "ServiceAccount" when home.Length > 0 => (
                    UserKey(SystemNames.ServiceAccountUser(home, subject.Name)), $"{subject.Name}/{home}"),
                _ => ("", ""),
            };
            if (key.Length > 0)
            {
                File((space, key), new BoundRole(
                    role,
                    $"{binding} of {role.Kind} {GoText.Quote(role.Name)} to {subject.Kind} {GoText.Quote(shown)}"));
            }
        }
    }

    private void File((string, string) key, BoundRole role)
    {
        if (!_bound.TryGetValue(key, out var roles))
        {
            _bound[key] = roles = [];
        }

        roles.Add(role);
    }

    private static string UserKey(string name) => $"user:{name}";

    private static string GroupKey(string name) => $"group:{name}";
}
