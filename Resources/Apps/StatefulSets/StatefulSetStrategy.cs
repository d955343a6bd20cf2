using k8s.Models;
using OrleansOrchestrator.Resources.Core.ClaimSpecs;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.StatefulSets;

/// <summary>The rules of StatefulSets.</summary>
public sealed class StatefulSetStrategy : ResourceStrategy<V1StatefulSet>
{
    private const int HistoryLimit = 10;
    private const string RollingUpdate = "RollingUpdate";
    private const string Retain = "Retain";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Ready", "string", "", "Number of the pod with ready state"),
        TableColumns.Age,
        .. PodTemplateRules.ContainerColumns(priority: 1),
    ];

    public override IReadOnlyList<object?> Cells(V1StatefulSet item, DateTimeOffset now)
    {
        var (names, images) = PodTemplateRules.ContainerCells(item.Spec.Template);
        return
        [
            item.Metadata.Name,
            WorkloadRules.Fraction(item.Status?.ReadyReplicas, item.Spec.Replicas),
            TableColumns.AgeOf(item, now),
            names,
            images,
        ];
    }

    /// <summary>The names become parts of the pods' names and of a label's value.</summary>
    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => NameRules.DnsLabel(name, isPrefix);

    public override void SetDefaults(V1StatefulSet item)
    {
        ModelShape.Normalize(item);
        item.Status ??= new V1StatefulSetStatus();
        var spec = item.Spec ??= new V1StatefulSetSpec();
        spec.PodManagementPolicy ??= "OrderedReady";
        var strategy = spec.UpdateStrategy ??= new V1StatefulSetUpdateStrategy();
        if (strategy.Type is null)
        {
            strategy.Type = RollingUpdate;
            strategy.RollingUpdate ??= new V1RollingUpdateStatefulSetStrategy();
        }

        if (strategy is { Type: RollingUpdate, RollingUpdate: { } update })
        {
            update.Partition ??= 0;
        }

        spec.PersistentVolumeClaimRetentionPolicy ??= new V1StatefulSetPersistentVolumeClaimRetentionPolicy();
        spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted ??= Retain;
        spec.PersistentVolumeClaimRetentionPolicy.WhenScaled ??= Retain;
        spec.Replicas ??= 1;
        spec.RevisionHistoryLimit ??= HistoryLimit;
        spec.Template = PodTemplateRules.SetDefaults(spec.Template);
        foreach (var claim in spec.VolumeClaimTemplates ?? [])
        {
            SetDefaults(claim);
        }
    }

    public override void PrepareForCreate(V1StatefulSet item)
    {
        item.Status = new V1StatefulSetStatus();
        item.Metadata.Generation = 1;
        Prepare(item.Spec);
    }

    public override void Validate(V1StatefulSet item, FieldErrors errors) =>
        StatefulSetRules.ValidateSpec(item.Spec, isNew: true, errors);

    public override void PrepareForUpdate(V1StatefulSet item, V1StatefulSet old, string subresource)
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

    public override void ValidateUpdate(V1StatefulSet item, V1StatefulSet old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            StatefulSetRules.ValidateStatus(item.Status ?? new(), old.Status ?? new(), errors);
            return;
        }

        StatefulSetRules.ValidateSpec(item.Spec, isNew: false, errors);
        StatefulSetRules.ValidateUnchanged(item.Spec, old.Spec, errors);
    }

    public override IEnumerable<string> Warnings(V1StatefulSet item, V1StatefulSet? old)
    {
        var texts = old is not null && old.Metadata.Generation == item.Metadata.Generation
            ? []
            : PodTemplateRules.Warnings(item.Spec.Template, FieldPath.Of("spec", "template"));
        foreach (var (i, claim) in (item.Spec.VolumeClaimTemplates ?? []).Index())
        {
            // Upstream names the place differently when it is an update.
            var path = FieldPath.Of("spec", "volumeClaimTemplates").Index(i);
            texts = texts.Concat(ClaimWarnings.Of(claim.Spec, old is null ? path : path.Child("Spec")));
        }

        return item.Spec.RevisionHistoryLimit < 0
            ? texts.Append("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value " +
                ">= 0 is recommended")
            : texts;
    }

    /// <summary>A claim in a template is a whole object.</summary>
    private static void SetDefaults(V1PersistentVolumeClaim claim)
    {
        claim.Kind = "PersistentVolumeClaim";
        claim.ApiVersion = "v1";
        claim.Spec.VolumeMode ??= "Filesystem";
        claim.Status ??= new V1PersistentVolumeClaimStatus();
        claim.Status.Phase ??= "Pending";
    }

    /// <summary>Takes out what this version does not have switched on.</summary>
    private static void Prepare(V1StatefulSetSpec spec)
    {
        PodTemplateRules.Prepare(spec.Template);
        if (spec.UpdateStrategy.RollingUpdate is { } update)
        {
            update.MaxUnavailable = null;
        }
    }
}
