using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Rbac.Bindings;

/// <summary>The rules of RoleBindings.</summary>
public sealed class RoleBindingStrategy() : RbacStrategy<V1RoleBinding>(isNamespaced: true)
{
    public override IReadOnlyList<TableColumn> Columns { get; } = BindingRules.Columns("roleBinding");

    public override IReadOnlyList<object?> Cells(V1RoleBinding item, DateTimeOffset now) =>
        BindingRules.Cells(item.Metadata.Name, item.RoleRef, item.Subjects, TableColumns.AgeOf(item, now));

    public override void SetDefaults(V1RoleBinding item)
    {
        item.RoleRef ??= new V1RoleRef();
        ModelShape.Normalize(item);
        BindingRules.SetDefaults(item.RoleRef, item.Subjects);
    }

    public override void Validate(V1RoleBinding item, FieldErrors errors) =>
        BindingRules.Validate(item.RoleRef, item.Subjects, IsNamespaced, errors);

    public override void ValidateUpdate(
        V1RoleBinding item, V1RoleBinding old, string subresource, FieldErrors errors)
    {
        base.ValidateUpdate(item, old, subresource, errors);
        BindingRules.ValidateRole(item.RoleRef, old.RoleRef, errors);
    }
}
