using OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling;

/// <summary>Rows of <c>autoscaling</c>, in discovery order.</summary>
internal static class AutoscalingResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.HorizontalPodAutoscalers, Kind = "HorizontalPodAutoscaler",
            Singular = "horizontalpodautoscaler", ShortNames = ["hpa"], Categories = ["all"],
            GrainType = "horizontalpodautoscaler",
            Versions =
            [
                new("v2", new HorizontalPodAutoscalerStrategy()) { Subresources = [SubresourceDefinition.Status] },
                new("v1", new HorizontalPodAutoscalerV1Strategy())
                {
                    Subresources = [SubresourceDefinition.Status],
                    Conversion = new HorizontalPodAutoscalerConversion(),
                    FieldAnnotations = HorizontalPodAutoscalerConversion.Annotations,
                },
            ],
        },
    ];
}
