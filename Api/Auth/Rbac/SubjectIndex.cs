using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>
/// Which bindings name whom, of one snapshot of bindings: a request asks for its user and groups instead of looking at
/// all bindings. Bindings change seldom, requests come all the time.
/// </summary>
internal sealed class SubjectIndex
{
    private readonly Dictionary<(string Space, string Name), List<BoundRole>> _users = [];
    private readonly Dictionary<(string Space, string Name), List<BoundRole>> _groups = [];

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
    public IEnumerable<BoundRole> For(UserIdentity user, string space)
    {
        if (_users.TryGetValue((space, user.Name), out var own))
        {
            foreach (var role in own)
            {
                yield return role;
            }
        }

        for (var i = 0; i < user.Groups.Count; i++)
        {
            if (_groups.TryGetValue((space, user.Groups[i]), out var shared))
            {
                foreach (var role in shared)
                {
                    yield return role;
                }
            }
        }
    }

    private void Add(string space, string binding, V1RoleRef role, IList<Rbacv1Subject>? subjects)
    {
        foreach (var subject in subjects ?? [])
        {
            var home = string.IsNullOrEmpty(subject.NamespaceProperty) ? space : subject.NamespaceProperty;
            var (index, name, shown) = subject.Kind switch
            {
                "User" => (_users, subject.Name, subject.Name),
                "Group" => (_groups, subject.Name, subject.Name),
                "ServiceAccount" when home.Length > 0 => (
                    _users, SystemNames.ServiceAccountUser(home, subject.Name), $"{subject.Name}/{home}"),
                _ => (null, "", ""),
            };
            if (index is not null)
            {
                File(index, (space, name), new BoundRole(
                    role,
                    $"{binding} of {role.Kind} {GoText.Quote(role.Name)} to {subject.Kind} {GoText.Quote(shown)}"));
            }
        }
    }

    private static void File(
        Dictionary<(string, string), List<BoundRole>> index, (string, string) key, BoundRole role)
    {
        if (!index.TryGetValue(key, out var roles))
        {
            index[key] = roles = [];
        }

        roles.Add(role);
    }
}
