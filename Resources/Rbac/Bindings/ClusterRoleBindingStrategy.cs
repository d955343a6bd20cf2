using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Rbac.Bindings;

/// <summary>The rules of ClusterRoleBindings.</summary>
public sealed class ClusterRoleBindingStrategy() : RbacStrategy<V1ClusterRoleBinding>(isNamespaced: false)
{
    public override IReadOnlyList<TableColumn> Columns { get; } = BindingRules.Columns("clusterRoleBinding");

    public override IReadOnlyList<object?> Cells(V1ClusterRoleBinding item, DateTimeOffset now) =>
        BindingRules.Cells(item.Metadata.Name, item.RoleRef, item.Subjects, TableColumns.AgeOf(item, now));

    public override void SetDefaults(V1ClusterRoleBinding item)
    {
        item.RoleRef ??= new V1RoleRef();
        ModelShape.Normalize(item);
        BindingRules.SetDefaults(item.RoleRef, item.Subjects);
    }

    public override void Validate(V1ClusterRoleBinding item, FieldErrors errors) =>
        BindingRules.Validate(item.RoleRef, item.Subjects, IsNamespaced, errors);

    public override void ValidateUpdate(
        V1ClusterRoleBinding item, V1ClusterRoleBinding old, string subresource, FieldErrors errors)
    {
        base.ValidateUpdate(item, old, subresource, errors);
        BindingRules.ValidateRole(item.RoleRef, old.RoleRef, errors);
    }
}
