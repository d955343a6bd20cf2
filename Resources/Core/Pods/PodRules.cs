using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Findings on pods.</summary>
internal static class PodRules
{
    /// <summary>A new pod.</summary>
    public static void ValidateCreate(V1Pod pod, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        ValidateContent(pod, path, errors);
        if (pod.Spec.EphemeralContainers is { Count: > 0 })
        {
            errors.Forbidden(path.Child("ephemeralContainers"), "cannot be set on create");
        }

        if (!string.IsNullOrEmpty(pod.Spec.NodeName) && pod.Spec.SchedulingGates is { Count: > 0 })
        {
            errors.Forbidden(path.Child("nodeName"), "cannot be set until all schedulingGates have been cleared");
        }

        PodAnnotationRules.ValidateAgainstFields(pod.Metadata, pod.Spec, path, errors);
    }

    /// <summary>What holds for every version of a pod.</summary>
    public static void ValidateContent(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        if (pod.Metadata.Annotations is { Count: > 0 } annotations)
        {
            PodAnnotationRules.Validate(annotations, pod.Spec, FieldPath.Of("metadata", "annotations"), errors);
        }

        var validator = new PodSpecValidator(pod.Spec, pod.Metadata, path, errors);
        validator.Validate();
        validator.PodOnly();
    }
}
