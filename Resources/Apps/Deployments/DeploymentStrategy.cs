using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Apps.Deployments;

/// <summary>The rules of Deployments.</summary>
public sealed class DeploymentStrategy : ResourceStrategy<V1Deployment>
{
    private const int HistoryLimit = 10;
    private const int ProgressSeconds = 600;
    private const string RollingUpdate = "RollingUpdate";

    private static readonly FieldFilter NoSpecNorLabels = FieldFilter.Without(
        FieldSet.Of(["spec"], ["metadata", "labels"]));

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Name", "string", "name", MetadataTexts.Name),
        new("Ready", "string", "", "Number of the pod with ready state"),
        new(
            "Up-to-date",
            "string",
            "",
            "Total number of non-terminating pods targeted by this deployment that have the desired template spec."),
        new(
            "Available",
            "string",
            "",
            "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment."),
        new("Age", "string", "", MetadataTexts.CreationTimestamp),
        .. WorkloadRules.WideColumns(
            "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must " +
            "match the pod template's labels."),
    ];

    public override IReadOnlyList<object?> Cells(V1Deployment item, DateTimeOffset now)
    {
        var (names, images) = PodTemplateRules.ContainerCells(item.Spec.Template);
        return
        [
            item.Metadata.Name,
            WorkloadRules.Fraction(item.Status?.ReadyReplicas, item.Spec.Replicas),
            item.Status?.UpdatedReplicas ?? 0,
            item.Status?.AvailableReplicas ?? 0,
            HumanDuration.Since(item.Metadata.CreationTimestamp, now),
            names,
            images,
            LabelSelector.Of(item.Spec.Selector).ToString(),
        ];
    }

    /// <summary>A write of the status keeps the labels too.</summary>
    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "status" ? NoSpecNorLabels : base.OwnableFields(subresource);

    public override void SetDefaults(V1Deployment item)
    {
        ModelShape.Normalize(item);
        var spec = item.Spec;
        spec.Replicas ??= 1;
        spec.RevisionHistoryLimit ??= HistoryLimit;
        spec.ProgressDeadlineSeconds ??= ProgressSeconds;
        spec.Strategy.Type ??= RollingUpdate;
        if (spec.Strategy.Type == RollingUpdate)
        {
            spec.Strategy.RollingUpdate ??= new V1RollingUpdateDeployment();
            spec.Strategy.RollingUpdate.MaxUnavailable ??= "25%";
            spec.Strategy.RollingUpdate.MaxSurge ??= "25%";
        }

        spec.Template = PodTemplateRules.SetDefaults(spec.Template);
    }

    public override void PrepareForCreate(V1Deployment item)
    {
        item.Status = new V1DeploymentStatus();
        item.Metadata.Generation = 1;
        PodTemplateRules.Prepare(item.Spec.Template);
    }

    public override void Validate(V1Deployment item, FieldErrors errors) =>
        DeploymentRules.ValidateSpec(item.Spec, errors);

    /// <summary>Annotations count as spec here: they configure the controller.</summary>
    public override void PrepareForUpdate(V1Deployment item, V1Deployment old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            item.Metadata.Labels = old.Metadata.Labels;
            return;
        }

        item.Status = old.Status;
        PodTemplateRules.Prepare(item.Spec.Template);
        var isSame = ModelShape.SemanticEquals(item.Spec, old.Spec)
            && Maps.Same(item.Metadata.Annotations, old.Metadata.Annotations);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, isSame);
    }

    public override void ValidateUpdate(V1Deployment item, V1Deployment old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            DeploymentRules.ValidateStatus(item.Status ?? new(), old.Status ?? new(), errors);
            return;
        }

        DeploymentRules.ValidateSpec(item.Spec, errors);
        WorkloadRules.ImmutableSelector(item.Spec.Selector, old.Spec.Selector, errors);
    }

    public override IEnumerable<string> Warnings(V1Deployment item, V1Deployment? old) =>
        old is not null && old.Metadata.Generation == item.Metadata.Generation
            ? []
            : WorkloadRules.Warnings(item.Metadata, item.Spec.Template, old is null);
}
