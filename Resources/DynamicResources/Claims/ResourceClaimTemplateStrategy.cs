using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Claims;

/// <summary>The rules of ResourceClaimTemplates, which never change.</summary>
public sealed class ResourceClaimTemplateStrategy : ResourceStrategy<V1ResourceClaimTemplate>
{
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumns.Name, TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1ResourceClaimTemplate item, DateTimeOffset now) =>
        [item.Metadata.Name, TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1ResourceClaimTemplate item)
    {
        item.Spec ??= new V1ResourceClaimTemplateSpec();
        item.Spec.Metadata ??= new V1ObjectMeta();
        item.Spec.Spec ??= new V1ResourceClaimSpec();
        ModelShape.Normalize(item);
        ClaimSpecRules.SetDefaults(item.Spec.Spec);
    }

    public override void Validate(V1ResourceClaimTemplate item, FieldErrors errors)
    {
        var metadata = item.Spec.Metadata;
        ObjectMetaRules.ValidateAnnotations(metadata.Annotations, Spec.Child("metadata", "annotations"), errors);
        ObjectMetaRules.ValidateLabels(metadata.Labels, Spec.Child("metadata", "labels"), errors);
        ClaimSpecRules.Validate(item.Spec.Spec, Spec.Child("spec"), errors);
    }

    public override void ValidateUpdate(
        V1ResourceClaimTemplate item, V1ResourceClaimTemplate old, string subresource, FieldErrors errors)
    {
        if (!ModelShape.SemanticEquals(item.Spec, old.Spec))
        {
            errors.Invalid(Spec, InternalForm.Shown(item.Spec), "field is immutable");
        }
    }
}
