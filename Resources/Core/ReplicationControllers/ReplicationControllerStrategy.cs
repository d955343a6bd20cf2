using k8s.Models;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ReplicationControllers;

/// <summary>
/// The rules of ReplicationControllers. Numbers and names are validated declaratively upstream: they come last, in
/// bytes, and an update that does not touch them is not asked again.
/// </summary>
public sealed class ReplicationControllerStrategy : ResourceStrategy<V1ReplicationController>
{
    private const string MoreInfo =
        "More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller" +
        "#what-is-a-replicationcontroller";

    public override IReadOnlyList<SelectableField> SelectableFields { get; } = [new("status.replicas", Default: "0")];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Desired",
            "integer",
            "",
            "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero " +
            "and unspecified. Defaults to 1. " +
            MoreInfo),
        new("Current", "integer", "", "Replicas is the most recently observed number of replicas. " + MoreInfo),
        new("Ready", "integer", "", "The number of ready replicas for this replication controller."),
        TableColumns.Age,
        .. WorkloadRules.WideColumns(
            "Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is " +
            "defaulted to the labels present on the Pod template. Label keys and values that must match in order " +
            "to be controlled by this replication controller, if empty defaulted to labels on Pod template. More " +
            "info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"),
    ];

    public override IReadOnlyList<object?> Cells(V1ReplicationController item, DateTimeOffset now)
    {
        var (names, images) = PodTemplateRules.ContainerCells(item.Spec.Template);
        return
        [
            item.Metadata.Name,
            item.Spec.Replicas ?? 0,
            item.Status?.Replicas ?? 0,
            item.Status?.ReadyReplicas ?? 0,
            TableColumns.AgeOf(item, now),
            names,
            images,
            TableColumns.Labels(item.Spec.Selector),
        ];
    }

    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => NameRules.LongName(name, isPrefix);

    /// <summary>Selector and labels are those of the template where there are none.</summary>
    public override void SetDefaults(V1ReplicationController item)
    {
        ModelShape.Normalize(item);
        item.Status ??= new V1ReplicationControllerStatus();
        var spec = item.Spec ??= new V1ReplicationControllerSpec();
        if (spec.Template?.Metadata?.Labels is { Count: > 0 } labels)
        {
            spec.Selector ??= Copy(labels);
            item.Metadata.Labels ??= Copy(labels);
        }

        spec.Replicas ??= 1;
        if (spec.Template is not null)
        {
            PodTemplateRules.SetDefaults(spec.Template);
        }
    }

    public override void PrepareForCreate(V1ReplicationController item)
    {
        item.Status = new V1ReplicationControllerStatus();
        item.Metadata.Generation = 1;
        Prepare(item.Spec);
    }

    public override void Validate(V1ReplicationController item, FieldErrors errors)
    {
        ValidatePods(item.Spec, errors);
        ValidateNumbers(item.Spec, new V1ReplicationControllerSpec(), errors);
    }

    public override void PrepareForUpdate(
        V1ReplicationController item, V1ReplicationController old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        Prepare(item.Spec);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void ValidateUpdate(
        V1ReplicationController item, V1ReplicationController old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ValidateStatus(item.Status ?? new(), errors);
            return;
        }

        // Upstream validates an update as a new object first.
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        ValidatePods(item.Spec, errors);
        ValidatePods(item.Spec, errors);
        ValidateNumbers(item.Spec, old.Spec, errors);
    }

    public override IEnumerable<string> Warnings(V1ReplicationController item, V1ReplicationController? old) =>
        item.Spec.Template is null || (old is not null && old.Metadata.Generation == item.Metadata.Generation)
            ? []
            : WorkloadRules.Warnings(item.Metadata, item.Spec.Template, old is null);

    private static Dictionary<string, string> Copy(IDictionary<string, string> labels) =>
        new(labels, StringComparer.Ordinal);

    private static void Prepare(V1ReplicationControllerSpec spec)
    {
        if (spec.Template is { } template)
        {
            PodTemplateRules.Prepare(template);
        }
    }

    private static void ValidatePods(V1ReplicationControllerSpec spec, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        if (spec.Selector is not { Count: > 0 })
        {
            errors.Required(path.Child("selector"));
        }

        if (spec.Template is not { } template)
        {
            errors.Required(path.Child("template"));
            return;
        }

        WorkloadRules.SelectorMatches(LabelSelector.OfMap(spec.Selector), template, path, errors);
        PodTemplateRules.Validate(template, path.Child("template"), errors);
        WorkloadRules.AlwaysRunning(template, path, "ReplicationController", errors);
    }

    private static void ValidateNumbers(
        V1ReplicationControllerSpec spec, V1ReplicationControllerSpec old, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        if (spec.Replicas != old.Replicas)
        {
            WorkloadRules.NonNegative(spec.Replicas, path, "replicas", errors);
        }

        if (spec.MinReadySeconds != old.MinReadySeconds)
        {
            WorkloadRules.NonNegative(spec.MinReadySeconds, path, "minReadySeconds", errors);
        }
    }

    private static void ValidateStatus(V1ReplicationControllerStatus status, FieldErrors errors) =>
        WorkloadRules.ReplicaSetStatus(
            new V1ReplicaSetStatus
            {
                Replicas = status.Replicas,
                FullyLabeledReplicas = status.FullyLabeledReplicas,
                ReadyReplicas = status.ReadyReplicas,
                AvailableReplicas = status.AvailableReplicas,
                ObservedGeneration = status.ObservedGeneration,
            },
            errors);
}
