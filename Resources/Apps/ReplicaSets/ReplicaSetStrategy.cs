using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.ReplicaSets;

/// <summary>The rules of ReplicaSets.</summary>
public sealed class ReplicaSetStrategy : ResourceStrategy<V1ReplicaSet>
{
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Name", "string", "name", MetadataTexts.Name),
        new(
            "Desired",
            "integer",
            "",
            "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. " +
            "More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"),
        new(
            "Current",
            "integer",
            "",
            "Replicas is the most recently observed number of non-terminating pods. More info: " +
            "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"),
        new(
            "Ready",
            "integer",
            "",
            "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition."),
        new("Age", "string", "", MetadataTexts.CreationTimestamp),
        .. WorkloadRules.WideColumns(
            "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be " +
            "controlled by this replica set. It must match the pod template's labels. More info: " +
            "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"),
    ];

    public override IReadOnlyList<object?> Cells(V1ReplicaSet item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.Replicas ?? 0,
        item.Status?.Replicas ?? 0,
        item.Status?.ReadyReplicas ?? 0,
        TableColumns.AgeOf(item, now),
        .. WorkloadRules.WideCells(item.Spec.Template, item.Spec.Selector),
    ];

    public override void SetDefaults(V1ReplicaSet item)
    {
        ModelShape.Normalize(item);
        item.Spec.Replicas ??= 1;
        item.Spec.Template = PodTemplateRules.SetDefaults(item.Spec.Template);
    }

    public override void PrepareForCreate(V1ReplicaSet item)
    {
        item.Status = new V1ReplicaSetStatus();
        item.Metadata.Generation = 1;
        PodTemplateRules.Prepare(item.Spec.Template);
    }

    public override void Validate(V1ReplicaSet item, FieldErrors errors) => ValidateSpec(item.Spec, errors);

    public override void PrepareForUpdate(V1ReplicaSet item, V1ReplicaSet old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        PodTemplateRules.Prepare(item.Spec.Template);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void ValidateUpdate(V1ReplicaSet item, V1ReplicaSet old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            WorkloadRules.ReplicaSetStatus(item.Status ?? new(), errors);
            return;
        }

        ValidateSpec(item.Spec, errors);
        WorkloadRules.ImmutableSelector(item.Spec.Selector, old.Spec.Selector, errors);
    }

    public override IEnumerable<string> Warnings(V1ReplicaSet item, V1ReplicaSet? old) =>
        old is not null && old.Metadata.Generation == item.Metadata.Generation
            ? []
            : WorkloadRules.Warnings(item.Metadata, item.Spec.Template, old is null);

    private static void ValidateSpec(V1ReplicaSetSpec spec, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        WorkloadRules.NonNegative(spec.Replicas, path, "replicas", errors);
        WorkloadRules.NonNegative(spec.MinReadySeconds, path, "minReadySeconds", errors);
        WorkloadRules.ReplicaSetTemplate(spec.Selector, spec.Template, path, errors);
    }
}
