using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Storage.VolumeAttributesClasses;

/// <summary>The rules of VolumeAttributesClasses, which never change.</summary>
public sealed class VolumeAttributesClassStrategy : ResourceStrategy<V1VolumeAttributesClass>
{
    private const string DefaultClassAnnotation = "volumeattributesclass.alpha.kubernetes.io/is-default-class";

    private static readonly FieldPath DriverNamePath = FieldPath.Of("driverName");
    private static readonly FieldPath ParametersPath = FieldPath.Of("parameters");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("DriverName", "string", "", "Name of the CSI driver This field is immutable."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1VolumeAttributesClass item, DateTimeOffset now) =>
    [
        item.GetAnnotation(DefaultClassAnnotation) == "true" ? $"{item.Metadata.Name} (default)" : item.Metadata.Name,
        item.DriverName,
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1VolumeAttributesClass item) => ModelShape.Normalize(item);

    public override void Validate(V1VolumeAttributesClass item, FieldErrors errors)
    {
        StorageRules.Provisioner(item.DriverName, DriverNamePath, errors);
        StorageRules.Parameters(item.Parameters, errors);
        if (item.Parameters is not { Count: > 0 })
        {
            errors.Required(ParametersPath, "must contain at least one key/value pair");
        }
    }

    public override void ValidateUpdate(
        V1VolumeAttributesClass item, V1VolumeAttributesClass old, string subresource, FieldErrors errors)
    {
        if (item.DriverName != old.DriverName)
        {
            errors.Forbidden(DriverNamePath, "updates to driverName are forbidden.");
        }

        if (!Maps.Same(item.Parameters, old.Parameters))
        {
            errors.Forbidden(ParametersPath, "updates to parameters are forbidden.");
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
    }
}
