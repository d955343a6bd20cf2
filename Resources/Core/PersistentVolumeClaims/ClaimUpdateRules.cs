using k8s.Models;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumeClaims;

/// <summary>What updates of a claim and of its status may change.</summary>
internal static class ClaimUpdateRules
{
    private const string Storage = "storage";

    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath AttributesClassPath = Spec.Child("volumeAttributesClassName");

    private static readonly string[] ResizeStatuses =
    [
        "ControllerResizeInProgress",
        "ControllerResizeInfeasible",
        "NodeResizePending",
        "NodeResizeInProgress",
        "NodeResizeInfeasible",
    ];

    /// <summary>A claim is fixed, but for its volume once, and for its size and attributes when it is bound.</summary>
    public static void Validate(V1PersistentVolumeClaim item, V1PersistentVolumeClaim old, FieldErrors errors)
    {
        var (next, before) = WithoutAllowedChanges(item, old, errors);
        if (!ModelShape.SemanticEquals(next, before))
        {
            var difference = new UnifiedDiff().Compare(InternalForm.Indented(before), InternalForm.Indented(next));
            errors.Forbidden(
                Spec,
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for " +
                "bound claims\n" + difference);
        }

        var size = Size(item.Spec.Resources?.Requests);
        if (size < Size(old.Spec.Resources?.Requests) && size <= Size(old.Status?.Capacity))
        {
            errors.Forbidden(
                FieldPath.Of("spec", "resources", "requests", Storage), "field can not be less than status.capacity");
        }

        errors.Immutable(FieldPath.Of("volumeMode"), item.Spec.VolumeMode, old.Spec.VolumeMode);

        // A class that never came to be can be given up.
        if (old.Status?.CurrentVolumeAttributesClassName is not null
            && string.IsNullOrEmpty(item.Spec.VolumeAttributesClassName)
            && item.Spec.VolumeAttributesClassName != old.Spec.VolumeAttributesClassName)
        {
            var what = item.Spec.VolumeAttributesClassName is null ? "nil" : "empty string";
            errors.Forbidden(
                AttributesClassPath,
                $"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil");
        }
    }

    /// <summary>Amounts and resize statuses of a status.</summary>
    public static void ValidateStatus(V1PersistentVolumeClaim item, FieldErrors errors)
    {
        if (item.Spec.AccessModes is not { Count: > 0 })
        {
            errors.Required(FieldPath.Of("Spec", "accessModes"));
        }

        var status = FieldPath.Of("status");
        foreach (var (name, model) in item.Status.Capacity ?? new Dictionary<string, ResourceQuantity>())
        {
            ValidateAmount(Quantity.Of(model), status.Child("capacity").Key(name), errors);
        }

        var resize = status.Child("allocatedResourceStatuses");
        foreach (var (name, value) in item.Status.AllocatedResourceStatuses ?? new Dictionary<string, string>())
        {
            ValidateKey(name, resize, errors);
            if (!ResizeStatuses.Contains(value))
            {
                errors.NotSupported(resize, name, ResizeStatuses.Order(StringComparer.Ordinal));
            }
        }

        var allocated = status.Child("allocatedResources");
        foreach (var (name, model) in item.Status.AllocatedResources ?? new Dictionary<string, ResourceQuantity>())
        {
            if (ValidateKey(name, allocated, errors))
            {
                ValidateAmount(Quantity.Of(model), allocated.Key(name), errors);
            }
        }
    }

    /// <summary>Both specs, alike where they may differ.</summary>
    private static (V1PersistentVolumeClaimSpec Next, V1PersistentVolumeClaimSpec Before) WithoutAllowedChanges(
        V1PersistentVolumeClaim item, V1PersistentVolumeClaim old, FieldErrors errors)
    {
        var (next, before) = (PodCopies.Of(item.Spec), PodCopies.Of(old.Spec));
        if (string.IsNullOrEmpty(before.VolumeName))
        {
            before.VolumeName = next.VolumeName;
        }

        AllowClass(next, item, old, errors);
        if (item.Status?.Phase != "Bound")
        {
            return (next, before);
        }

        if (next.Resources?.Requests is { } requests
            && before.Resources?.Requests?.TryGetValue(Storage, out var size) == true)
        {
            next.Resources = new V1VolumeResourceRequirements
            {
                Limits = next.Resources.Limits,
                Requests = new Dictionary<string, ResourceQuantity>(requests) { [Storage] = size },
            };
        }

        next.VolumeAttributesClassName = before.VolumeAttributesClassName;
        return (next, before);
    }

    /// <summary>
    /// A class may be given to a claim that has none, and the old annotation be replaced by the field.
    /// </summary>
    private static void AllowClass(
        V1PersistentVolumeClaimSpec next, V1PersistentVolumeClaim item, V1PersistentVolumeClaim old, FieldErrors errors)
    {
        var annotated = old.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation);
        var annotation = item.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation);
        var mayBeSet = old.Spec.StorageClassName is null && next.StorageClassName is not null
            && (annotated is null || next.StorageClassName == annotated);
        if (!mayBeSet || annotated is null || (annotation is not null && annotation != annotated))
        {
            errors.Immutable(
                FieldPath.Of("metadata", "annotations", PersistentVolumeStrategy.BetaClassAnnotation),
                annotation ?? "",
                annotated);
        }

        if (mayBeSet)
        {
            next.StorageClassName = null;
        }
    }

    private static Quantity Size(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts?.TryGetValue(Storage, out var amount) == true ? Quantity.Of(amount) : Quantity.Zero;

    private static void ValidateAmount(Quantity amount, FieldPath path, FieldErrors errors)
    {
        if (amount.Value < 0)
        {
            errors.Invalid(path, amount.Value, "must be a valid resource quantity");
        }
    }

    /// <summary>Of Kubernetes' own resources only storage can be resized.</summary>
    private static bool ValidateKey(string name, FieldPath path, FieldErrors errors)
    {
        var before = errors.Count;
        errors.InvalidEach(path, name, NameRules.QualifiedName(name));
        if (errors.Count == before && ResourceNames.IsNative(name) && name != Storage)
        {
            errors.NotSupported(path, name, [Storage]);
        }

        return errors.Count == before;
    }
}
