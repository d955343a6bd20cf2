using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>The rules of pod templates, for every workload.</summary>
public static class PodTemplateRules
{
    /// <summary>Fills in what a template may leave out; makes one when there is none.</summary>
    public static V1PodTemplateSpec SetDefaults(V1PodTemplateSpec? template)
    {
        template ??= new V1PodTemplateSpec();
        PodDefaults.ApplyTemplate(template);
        return template;
    }

    /// <summary>Drops fields that this version does not have switched on.</summary>
    public static void Prepare(V1PodTemplateSpec template)
    {
        PodDefaults.SyncServiceAccount(template.Spec);
        PodPreparation.DropDisabled(template.Spec);
    }

    /// <summary>Findings on a template with defaults.</summary>
    public static void Validate(V1PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        var spec = template.Spec ?? new V1PodSpec();
        ValidateMetadata(template, path, errors);
        new PodSpecValidator(spec, null, path.Child("spec"), errors).Validate();
        PodAnnotationRules.ValidateAgainstFields(
            template.Metadata ?? new V1ObjectMeta(), spec, path.Child("spec"), errors);
        if (spec.EphemeralContainers is { Count: > 0 })
        {
            errors.Forbidden(
                path.Child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template");
        }
    }

    /// <summary>Findings on the labels and annotations of a template.</summary>
    public static void ValidateMetadata(V1PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        var metadata = template.Metadata ?? new V1ObjectMeta();
        ObjectMetaRules.ValidateLabels(metadata.Labels, path.Child("labels"), errors);
        ObjectMetaRules.ValidateAnnotations(metadata.Annotations, path.Child("annotations"), errors);
        PodAnnotationRules.Validate(
            metadata.Annotations, template.Spec ?? new V1PodSpec(), path.Child("annotations"), errors);
    }

    /// <summary>Texts for Warning headers.</summary>
    public static IEnumerable<string> Warnings(V1PodTemplateSpec template, FieldPath path) =>
        PodWarnings.Of(template.Spec, template.Metadata, path);

    /// <summary>The columns that tables show of a template's containers.</summary>
    /// <param name="priority">0 for those that narrow tables have, too.</param>
    public static IEnumerable<TableColumn> ContainerColumns(int priority) =>
    [
        new("Containers", "string", "", "Names of each container in the template.", priority),
        new("Images", "string", "", "Images referenced by each container in the template.", priority),
    ];

    /// <summary>Their cells: names and images.</summary>
    public static (string Names, string Images) ContainerCells(V1PodTemplateSpec? template)
    {
        var containers = template?.Spec?.Containers ?? [];
        return (string.Join(',', containers.Select(c => c.Name)), string.Join(',', containers.Select(c => c.Image)));
    }
}
