using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.DeviceClasses;

/// <summary>The rules of DeviceClasses.</summary>
public sealed class DeviceClassStrategy : ResourceStrategy<V1DeviceClass>
{
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumns.Name, TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1DeviceClass item, DateTimeOffset now) =>
        [item.Metadata.Name, TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1DeviceClass item)
    {
        item.Spec ??= new V1DeviceClassSpec();
        ModelShape.Normalize(item);
    }

    public override void PrepareForCreate(V1DeviceClass item) => item.Metadata.Generation = 1;

    public override void Validate(V1DeviceClass item, FieldErrors errors)
    {
        DeviceRules.ValidateSelectors(item.Spec.Selectors, Spec.Child("selectors"), errors);
        DeviceRules.Each(
            item.Spec.Config, DeviceRules.MaxConfigs, Spec.Child("config"), errors,
            (config, path) => DeviceRules.ValidateOpaque(config.Opaque, path.Child("opaque"), errors));
        if (item.Spec.ExtendedResourceName is { } name && !ResourceNames.IsExtended(name))
        {
            errors.Invalid(Spec.Child("extendedResourceName"), name, "must be a valid extended resource name");
        }
    }

    public override void PrepareForUpdate(V1DeviceClass item, V1DeviceClass old, string subresource) =>
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);

    public override void ValidateUpdate(V1DeviceClass item, V1DeviceClass old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
    }
}
