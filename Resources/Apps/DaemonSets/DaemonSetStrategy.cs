using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.DaemonSets;

/// <summary>The rules of DaemonSets.</summary>
public sealed class DaemonSetStrategy : ResourceStrategy<V1DaemonSet>
{
    /// <summary>
    /// Counts the versions of the template. Once a field, it lives on in this annotation, which nobody but the API
    /// sets.
    /// </summary>
    public const string TemplateGeneration = "deprecated.daemonset.template.generation";

    private const int HistoryLimit = 10;
    private const string RollingUpdate = "RollingUpdate";
    private const string MoreInfo = "More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Desired",
            "integer",
            "",
            "The total number of nodes that should be running the daemon pod (including nodes correctly running " +
            "the daemon pod). " + MoreInfo),
        new(
            "Current",
            "integer",
            "",
            "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. " +
            MoreInfo),
        new(
            "Ready",
            "integer",
            "",
            "numberReady is the number of nodes that should be running the daemon pod and have one or more of the " +
            "daemon pod running with a Ready Condition."),
        new("Up-to-date", "integer", "", "The total number of nodes that are running updated daemon pod"),
        new(
            "Available",
            "integer",
            "",
            "The number of nodes that should be running the daemon pod and have one or more of the daemon pod " +
            "running and available (ready for at least spec.minReadySeconds)"),
        new(
            "Node Selector",
            "string",
            "",
            "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match " +
            "a node's labels for the pod to be scheduled on that node. More info: " +
            "https://kubernetes.io/docs/concepts/configuration/assign-pod-node/"),
        TableColumns.Age,
        .. WorkloadRules.WideColumns(
            "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It " +
            "must match the pod template's labels. More info: " +
            "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"),
    ];

    public override IReadOnlyList<object?> Cells(V1DaemonSet item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Status?.DesiredNumberScheduled ?? 0,
        item.Status?.CurrentNumberScheduled ?? 0,
        item.Status?.NumberReady ?? 0,
        item.Status?.UpdatedNumberScheduled ?? 0,
        item.Status?.NumberAvailable ?? 0,
        TableColumns.Labels(item.Spec.Template.Spec.NodeSelector),
        TableColumns.AgeOf(item, now),
        .. WorkloadRules.WideCells(item.Spec.Template, item.Spec.Selector),
    ];

    public override void SetDefaults(V1DaemonSet item)
    {
        ModelShape.Normalize(item);
        item.Status ??= new V1DaemonSetStatus();
        var spec = item.Spec ??= new V1DaemonSetSpec();
        var strategy = spec.UpdateStrategy ??= new V1DaemonSetUpdateStrategy();
        strategy.Type ??= RollingUpdate;
        if (strategy.Type == RollingUpdate)
        {
            strategy.RollingUpdate ??= new V1RollingUpdateDaemonSet();
            strategy.RollingUpdate.MaxUnavailable ??= 1;
            strategy.RollingUpdate.MaxSurge ??= 0;
        }

        spec.RevisionHistoryLimit ??= HistoryLimit;
        spec.Template = PodTemplateRules.SetDefaults(spec.Template);

        // Upstream's conversion writes it, so who writes the object owns it.
        SetTemplateGeneration(item.Metadata, TemplateGenerationOf(item.Metadata));
    }

    public override void PrepareForCreate(V1DaemonSet item)
    {
        item.Status = new V1DaemonSetStatus();
        item.Metadata.Generation = 1;
        SetTemplateGeneration(item.Metadata, Math.Max(1, TemplateGenerationOf(item.Metadata)));
        PodTemplateRules.Prepare(item.Spec.Template);
    }

    public override void Validate(V1DaemonSet item, FieldErrors errors) =>
        DaemonSetRules.ValidateSpec(item.Spec, errors);

    public override void PrepareForUpdate(V1DaemonSet item, V1DaemonSet old, string subresource)
    {
        var templates = TemplateGenerationOf(old.Metadata);
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            SetTemplateGeneration(item.Metadata, templates);
            return;
        }

        item.Status = old.Status;
        PodTemplateRules.Prepare(item.Spec.Template);
        var hasNewTemplate = !ModelShape.SemanticEquals(item.Spec.Template, old.Spec.Template);
        SetTemplateGeneration(item.Metadata, hasNewTemplate ? templates + 1 : templates);
        ObjectMetaRules.CountGeneration(
            item.Metadata, old.Metadata, !hasNewTemplate && ModelShape.SemanticEquals(item.Spec, old.Spec));
    }

    public override void ValidateUpdate(V1DaemonSet item, V1DaemonSet old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            DaemonSetRules.ValidateStatus(item.Status ?? new(), old.Status ?? new(), errors);
            return;
        }

        WorkloadRules.ImmutableSelector(item.Spec.Selector, old.Spec.Selector, errors);
        DaemonSetRules.ValidateSpec(item.Spec, errors);
    }

    /// <summary>A name that pods cannot carry on is no matter here.</summary>
    public override IEnumerable<string> Warnings(V1DaemonSet item, V1DaemonSet? old) =>
        old is not null && old.Metadata.Generation == item.Metadata.Generation
            ? []
            : PodTemplateRules.Warnings(item.Spec.Template, FieldPath.Of("spec", "template"));

    private static long TemplateGenerationOf(V1ObjectMeta metadata) =>
        metadata.Annotations?.TryGetValue(TemplateGeneration, out var text) == true
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    private static void SetTemplateGeneration(V1ObjectMeta metadata, long number)
    {
        metadata.Annotations ??= new Dictionary<string, string>(StringComparer.Ordinal);
        metadata.Annotations[TemplateGeneration] = number.ToString(CultureInfo.InvariantCulture);
    }
}
