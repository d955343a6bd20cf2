using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>The rules of HorizontalPodAutoscalers, as version 2 has them.</summary>
public sealed class HorizontalPodAutoscalerStrategy : ResourceStrategy<V2HorizontalPodAutoscaler>
{
    public override IReadOnlyList<TableColumn> Columns => AutoscalerColumns.All;

    public override IReadOnlyList<object?> Cells(V2HorizontalPodAutoscaler item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        $"{item.Spec.ScaleTargetRef.Kind}/{item.Spec.ScaleTargetRef.Name}",
        MetricCells.Of(item.Spec.Metrics, item.Status?.CurrentMetrics),
        item.Spec.MinReplicas?.ToString(CultureInfo.InvariantCulture) ?? "<unset>",
        item.Spec.MaxReplicas,
        item.Status?.CurrentReplicas ?? 0,
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V2HorizontalPodAutoscaler item)
    {
        // An empty list of policies is not a missing one: it replaces the defaults, and validation refuses it.
        AutoscalerDefaults.Apply(item.Spec?.Behavior);
        ModelShape.Normalize(item);
        var spec = item.Spec ??= new V2HorizontalPodAutoscalerSpec();
        spec.ScaleTargetRef ??= new V2CrossVersionObjectReference();
        item.Status ??= new V2HorizontalPodAutoscalerStatus();
        AutoscalerDefaults.Apply(spec);
    }

    public override void PrepareForCreate(V2HorizontalPodAutoscaler item) =>
        item.Status = new V2HorizontalPodAutoscalerStatus();

    public override void Validate(V2HorizontalPodAutoscaler item, FieldErrors errors) =>
        AutoscalerRules.ValidateSpec(item.Spec, null, errors);

    public override void PrepareForUpdate(
        V2HorizontalPodAutoscaler item, V2HorizontalPodAutoscaler old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
        }
        else
        {
            item.Status = old.Status;
        }
    }

    public override void ValidateUpdate(
        V2HorizontalPodAutoscaler item, V2HorizontalPodAutoscaler old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            var path = FieldPath.Of("status");
            errors.NonNegative(path.Child("currentReplicas"), item.Status?.CurrentReplicas);
            errors.NonNegative(path.Child("desiredReplicas"), item.Status?.DesiredReplicas);
            return;
        }

        AutoscalerRules.ValidateSpec(item.Spec, old.Spec, errors);
    }
}
