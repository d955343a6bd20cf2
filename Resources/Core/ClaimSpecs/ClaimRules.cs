using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ClaimSpecs;

/// <summary>Validation of what a claim asks for, of a claim or of a template for one.</summary>
internal static class ClaimRules
{
    private const string ClaimKind = "PersistentVolumeClaim";
    private const string Storage = "storage";

    private static readonly string[] VolumeModes = ["Block", "Filesystem"];

    /// <summary>Findings on a spec.</summary>
    /// <param name="spec">With defaults.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="errors">Takes the findings.</param>
    /// <param name="old">The spec before an update: what was accepted once stays accepted.</param>
    public static void Validate(
        V1PersistentVolumeClaimSpec spec, FieldPath path, FieldErrors errors, V1PersistentVolumeClaimSpec? old = null)
    {
        if (spec.AccessModes is not { Count: > 0 })
        {
            errors.Required(path.Child("accessModes"), "at least 1 access mode is required");
        }

        LabelSelectorRules.Validate(spec.Selector, path.Child("selector"), errors, HadBadSelector(old));
        AccessModeRules.Validate(spec.AccessModes ?? [], path.Child("accessModes"), errors);
        ValidateSize(spec, path.Child("resources").Key(Storage), errors);
        ClassName(spec.StorageClassName, path.Child("storageClassName"), errors);
        if (spec.VolumeMode is not null && !VolumeModes.Contains(spec.VolumeMode))
        {
            errors.NotSupported(path.Child("volumeMode"), spec.VolumeMode, VolumeModes);
        }

        var anyGroup = old?.DataSource?.ApiGroup is not null || old?.DataSourceRef?.ApiGroup is not null;
        ValidateSources(spec, path, anyGroup, errors);
        ClassName(spec.VolumeAttributesClassName, path.Child("volumeAttributesClassName"), errors);
    }

    /// <summary>True when what a source is named by is a claim or a snapshot of one.</summary>
    public static bool IsClaimOrSnapshot(V1TypedLocalObjectReference? source) => source is
        { Kind: ClaimKind, ApiGroup: null or "" } or { Kind: "VolumeSnapshot", ApiGroup: "snapshot.storage.k8s.io" };

    private static bool HadBadSelector(V1PersistentVolumeClaimSpec? old)
    {
        var findings = new FieldErrors();
        LabelSelectorRules.Validate(old?.Selector, FieldPath.Of("selector"), findings);
        return findings.Count > 0;
    }

    private static void ValidateSize(V1PersistentVolumeClaimSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.Resources?.Requests?.TryGetValue(Storage, out var model) != true)
        {
            errors.Required(path);
        }
        else if (Quantity.Of(model) is { Sign: <= 0 } amount)
        {
            errors.Invalid(path, amount.ToString(), "must be greater than zero");
        }
    }

    private static void ClassName(string? name, FieldPath path, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(name))
        {
            errors.InvalidEach(path, name, NameRules.DnsSubdomain(name));
        }
    }

    private static void ValidateSources(
        V1PersistentVolumeClaimSpec spec, FieldPath path, bool anyGroup, FieldErrors errors)
    {
        if (spec.DataSource is { } source)
        {
            ValidateSource(source.Name, source.Kind, source.ApiGroup, path.Child("dataSource"), anyGroup, errors);
        }

        if (spec.DataSourceRef is { } reference)
        {
            var at = path.Child("dataSourceRef");
            ValidateSource(reference.Name, reference.Kind, reference.ApiGroup, at, anyGroup, errors);
            if (!string.IsNullOrEmpty(reference.NamespaceProperty))
            {
                errors.InvalidEach(
                    at.Child("namespace"),
                    reference.NamespaceProperty,
                    NameRules.DnsLabel(reference.NamespaceProperty));
            }
        }

        if (spec is { DataSource: not null, DataSourceRef: not null } && Disagreement(spec) is { } complaint)
        {
            // The value that upstream shows is the path, whose fields nobody sees.
            errors.Invalid(path, new RawJson("{}"), complaint);
        }
    }

    private static string? Disagreement(V1PersistentVolumeClaimSpec spec)
    {
        var (source, reference) = (spec.DataSource, spec.DataSourceRef);
        return !string.IsNullOrEmpty(reference.NamespaceProperty)
            ? "may not be specified when dataSourceRef.namespace is specified"
            : (source.ApiGroup, source.Kind, source.Name) != (reference.ApiGroup, reference.Kind, reference.Name)
                ? "must match dataSourceRef"
                : null;
    }

    private static void ValidateSource(
        string? name, string? kind, string? group, FieldPath path, bool anyGroup, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path.Child("name"));
        }

        if (string.IsNullOrEmpty(kind))
        {
            errors.Required(path.Child("kind"));
        }

        if (string.IsNullOrEmpty(group))
        {
            if (kind != ClaimKind)
            {
                errors.Invalid(
                    path, kind ?? "", $"must be '{ClaimKind}' when referencing the default apiGroup");
            }
        }
        else if (!anyGroup)
        {
            errors.InvalidEach(path.Child("apiGroup"), group, NameRules.DnsSubdomain(group));
        }
    }
}
