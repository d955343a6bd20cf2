using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Rbac.Roles;

/// <summary>The rules of Roles.</summary>
public sealed class RoleStrategy() : RbacStrategy<V1Role>(isNamespaced: true)
{
    public override void SetDefaults(V1Role item) => ModelShape.Normalize(item);

    public override void Validate(V1Role item, FieldErrors errors) =>
        PolicyRules.Validate(item.Rules, IsNamespaced, errors);
}
