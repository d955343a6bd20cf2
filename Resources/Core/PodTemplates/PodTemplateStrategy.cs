using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.PodTemplates;

/// <summary>The rules of PodTemplates: a template on its own.</summary>
public sealed class PodTemplateStrategy : ResourceStrategy<V1PodTemplate>
{
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Name", "string", "name", MetadataTexts.Name),
        .. PodTemplateRules.ContainerColumns(priority: 0),
        new("Pod Labels", "string", "", "The labels for the pod template."),
    ];

    public override IReadOnlyList<object?> Cells(V1PodTemplate item, DateTimeOffset now)
    {
        var (names, images) = PodTemplateRules.ContainerCells(item.Template);
        return [item.Metadata.Name, names, images, Labels(item.Template?.Metadata?.Labels)];
    }

    public override void SetDefaults(V1PodTemplate item)
    {
        ModelShape.Normalize(item);
        item.Template = PodTemplateRules.SetDefaults(item.Template);
    }

    public override void PrepareForCreate(V1PodTemplate item)
    {
        item.Metadata.Generation = 1;
        PodTemplateRules.Prepare(item.Template);
    }

    public override void Validate(V1PodTemplate item, FieldErrors errors) =>
        PodTemplateRules.Validate(item.Template, FieldPath.Of("template"), errors);

    public override void PrepareForUpdate(V1PodTemplate item, V1PodTemplate old, string subresource)
    {
        PodTemplateRules.Prepare(item.Template);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Template, old.Template);
    }

    public override void ValidateUpdate(
        V1PodTemplate item, V1PodTemplate old, string subresource, FieldErrors errors) => Validate(item, errors);

    public override IEnumerable<string> Warnings(V1PodTemplate item, V1PodTemplate? old) =>
        old is not null && old.Metadata.Generation == item.Metadata.Generation
            ? []
            : PodTemplateRules.Warnings(item.Template, FieldPath.Of("template"));

    private static string Labels(IDictionary<string, string>? labels) => labels is not { Count: > 0 }
        ? "<none>"
        : string.Join(',', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"));
}
