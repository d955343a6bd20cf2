using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac.Bindings;
using OrleansOrchestrator.Resources.Rbac.Roles;

namespace OrleansOrchestrator.Resources.Rbac;

/// <summary>Rows of <c>rbac.authorization.k8s.io</c>, in discovery order.</summary>
internal static class RbacResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.ClusterRoleBindings, Kind = "ClusterRoleBinding", Singular = "clusterrolebinding",
            Namespaced = false,
            Versions = [new("v1", new ClusterRoleBindingStrategy())],
        },
        new()
        {
            Name = WellKnown.ClusterRoles, Kind = "ClusterRole", Singular = "clusterrole",
            Namespaced = false, GrainType = "clusterrole",
            Versions = [new("v1", new ClusterRoleStrategy())],
        },
        new()
        {
            Name = WellKnown.RoleBindings, Kind = "RoleBinding", Singular = "rolebinding",
            Versions = [new("v1", new RoleBindingStrategy())],
        },
        new()
        {
            Name = WellKnown.Roles, Kind = "Role", Singular = "role",
            Versions = [new("v1", new RoleStrategy())],
        },
    ];
}
