using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Slices;

/// <summary>The rules of ResourceSlices: what a driver offers.</summary>
public sealed class ResourceSliceStrategy : ResourceStrategy<V1ResourceSlice>, IStampedStrategy
{
    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
        [new("spec.nodeName"), new("spec.driver")];

    public override string? UnknownFieldText(string label) =>
        $"field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {label}";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Node", "string", "", SliceTexts.Node),
        new("Driver", "string", "", SliceTexts.Driver),
        new("Pool", "string", "", SliceTexts.Pool),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1ResourceSlice item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.NodeName ?? "",
        item.Spec.Driver ?? "",
        item.Spec.Pool.Name ?? "",
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1ResourceSlice item)
    {
        item.Spec ??= new V1ResourceSliceSpec();
        item.Spec.Pool ??= new V1ResourcePool();
        ModelShape.Normalize(item);
    }

    public override void PrepareForCreate(V1ResourceSlice item) => item.Metadata.Generation = 1;

    public override void Validate(V1ResourceSlice item, FieldErrors errors) =>
        SliceRules.Validate(item.Spec, null, errors);

    public override void PrepareForUpdate(V1ResourceSlice item, V1ResourceSlice old, string subresource) =>
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);

    public override void ValidateUpdate(
        V1ResourceSlice item, V1ResourceSlice old, string subresource, FieldErrors errors) =>
        SliceRules.Validate(item.Spec, old.Spec, errors);

    /// <summary>A taint holds from when it is written, if it does not say since when.</summary>
    public void Stamp(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta>? old, UserIdentity user, DateTime now)
    {
        foreach (var taint in (((V1ResourceSlice)item).Spec.Devices ?? []).SelectMany(d => d.Taints ?? []))
        {
            taint.TimeAdded ??= now;
        }
    }
}
