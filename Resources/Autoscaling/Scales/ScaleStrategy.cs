using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling.Scales;

/// <summary>How a scale is shown. It is a view of another object, whose rules are those that count.</summary>
public sealed class ScaleStrategy : ResourceStrategy<V1Scale>
{
    /// <summary>Scales as a kind of their own, which is listed nowhere.</summary>
    public static ResourceDefinition Definition { get; } = new ResourceKind
    {
        Name = new("autoscaling", "scales"), Kind = "Scale", Singular = "scale", IsVirtual = true,
        Versions = [new ResourceDefinition("v1", new ScaleStrategy())],
    }.Stored;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name with { Format = "" },
        new("Desired", "integer", "", "replicas is the desired number of instances for the scaled object."),
        new("Available", "integer", "", "replicas is the actual number of observed instances of the scaled object."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1Scale item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Spec?.Replicas ?? 0, item.Status?.Replicas ?? 0, TableColumns.AgeOf(item, now)];
}
