using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>The rules of HorizontalPodAutoscalers of version 1: those of version 2, which they are stored as.</summary>
public sealed class HorizontalPodAutoscalerV1Strategy : ResourceStrategy<V1HorizontalPodAutoscaler>
{
    private readonly HorizontalPodAutoscalerStrategy _stored = new();

    public override IReadOnlyList<TableColumn> Columns => _stored.Columns;

    public override IReadOnlyList<object?> Cells(V1HorizontalPodAutoscaler item, DateTimeOffset now) =>
        _stored.Cells(HorizontalPodAutoscalerConversion.ToV2(item), now);

    public override void SetDefaults(V1HorizontalPodAutoscaler item)
    {
        ModelShape.Normalize(item);
        Take(item, HorizontalPodAutoscalerConversion.ToV2(item));
    }

    public override void PrepareForCreate(V1HorizontalPodAutoscaler item)
    {
        var stored = HorizontalPodAutoscalerConversion.ToV2(item);
        _stored.PrepareForCreate(stored);
        Take(item, stored);
    }

    public override void Validate(V1HorizontalPodAutoscaler item, FieldErrors errors) =>
        _stored.Validate(HorizontalPodAutoscalerConversion.ToV2(item), errors);

    public override void PrepareForUpdate(
        V1HorizontalPodAutoscaler item, V1HorizontalPodAutoscaler old, string subresource)
    {
        var stored = HorizontalPodAutoscalerConversion.ToV2(item);
        _stored.PrepareForUpdate(stored, HorizontalPodAutoscalerConversion.ToV2(old), subresource);
        Take(item, stored);
    }

    public override void ValidateUpdate(
        V1HorizontalPodAutoscaler item, V1HorizontalPodAutoscaler old, string subresource, FieldErrors errors) =>
        _stored.ValidateUpdate(
            HorizontalPodAutoscalerConversion.ToV2(item),
            HorizontalPodAutoscalerConversion.ToV2(old),
            subresource,
            errors);

    private static void Take(V1HorizontalPodAutoscaler item, V2HorizontalPodAutoscaler stored)
    {
        var form = HorizontalPodAutoscalerConversion.FromV2(stored);
        (item.Metadata.Annotations, item.Spec, item.Status) = (form.Metadata.Annotations, form.Spec, form.Status);
    }
}
