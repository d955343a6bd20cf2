using k8s.Models;
using OrleansOrchestrator.Resources.Core.ClaimSpecs;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumes;

/// <summary>
/// Validation of a persistent volume's spec, of a PersistentVolume or inline in a VolumeAttachment: upstream's findings
/// in upstream's order.
/// </summary>
internal sealed class PersistentVolumeSpecValidator
{
    private const string NotInline = "may not be specified in the context of inline volumes";
    private const string Retain = "Retain";
    private const string Filesystem = "Filesystem";

    private static readonly string[] ReclaimPolicies = ["Delete", "Recycle", Retain];

    private readonly V1PersistentVolumeSpec _spec;
    private readonly FieldPath _path;
    private readonly FieldErrors _errors;
    private readonly PersistentVolumeSources _sources;

    public PersistentVolumeSpecValidator(
        V1PersistentVolumeSpec spec, string name, FieldPath path, FieldErrors errors)
    {
        _spec = spec;
        _path = path;
        _errors = errors;
        _sources = new PersistentVolumeSources(spec, name, path, errors);
    }

    /// <summary>A volume on its own.</summary>
    public void Validate()
    {
        Modes();
        Capacity();
        if (!string.IsNullOrEmpty(_spec.PersistentVolumeReclaimPolicy)
            && !ReclaimPolicies.Contains(_spec.PersistentVolumeReclaimPolicy))
        {
            _errors.NotSupported(
                _path.Child("persistentVolumeReclaimPolicy"), _spec.PersistentVolumeReclaimPolicy, ReclaimPolicies);
        }

        NodeAffinity();
        _sources.Validate();
        RecycledRoot();
        ClassName("storageClassName", _spec.StorageClassName);
        if (_spec.VolumeMode is { } mode and not ("Block" or Filesystem))
        {
            _errors.NotSupported(_path.Child("volumeMode"), mode, ["Block", Filesystem]);
        }

        AttributesClass();
    }

    /// <summary>A volume that is a part of its attachment: only a CSI volume can be.</summary>
    public void ValidateInline()
    {
        ForbidInline("claimRef", _spec.ClaimRef is not null);
        ForbidInline("capacity", _spec.Capacity is { Count: > 0 });
        if (_spec.Csi is null)
        {
            _errors.Required(_path.Child("csi"), "has to be specified in the context of inline volumes");
        }

        Modes();
        if (!string.IsNullOrEmpty(_spec.PersistentVolumeReclaimPolicy)
            && _spec.PersistentVolumeReclaimPolicy != Retain)
        {
            _errors.Forbidden(
                _path.Child("persistentVolumeReclaimPolicy"), $"may only be {Retain} in the context of inline volumes");
        }

        ForbidInline("nodeAffinity", _spec.NodeAffinity is not null);
        _sources.Validate();
        RecycledRoot();
        ForbidInline("storageClassName", !string.IsNullOrEmpty(_spec.StorageClassName));
        if (_spec.VolumeMode is not (null or Filesystem))
        {
            _errors.Forbidden(
                _path.Child("volumeMode"),
                $"may not specify volumeMode other than {Filesystem} in the context of inline volumes");
        }
    }

    private void ForbidInline(string field, bool isSet)
    {
        if (isSet)
        {
            _errors.Forbidden(_path.Child(field), NotInline);
        }
    }

    private void Modes()
    {
        if (_spec.AccessModes is not { Count: > 0 })
        {
            _errors.Required(_path.Child("accessModes"));
        }

        AccessModeRules.Validate(_spec.AccessModes ?? [], _path.Child("accessModes"), _errors);
    }

    private void Capacity()
    {
        var path = _path.Child("capacity");
        if (_spec.Capacity is not { Count: > 0 })
        {
            _errors.Required(path);
        }

        if (_spec.Capacity is not { Count: 1 } || !_spec.Capacity.ContainsKey("storage"))
        {
            IDictionary<string, string>? shown = _spec.Capacity?.ToDictionary(p => p.Key, p => p.Value.ToString());
            _errors.NotSupported(path, InternalForm.Shown(shown), ["storage"]);
        }

        foreach (var (name, model) in _spec.Capacity ?? new Dictionary<string, ResourceQuantity>())
        {
            var quantity = Quantity.Of(model);
            if (quantity.Value < 0)
            {
                _errors.Invalid(path.Key(name), quantity.Value, "must be a valid resource quantity");
            }

            if (quantity.Sign <= 0)
            {
                _errors.Invalid(path.Key(name), quantity.ToString(), "must be greater than zero");
            }
        }
    }

    private void NodeAffinity()
    {
        if (_spec.NodeAffinity is not { } affinity)
        {
            return;
        }

        var path = _path.Child("nodeAffinity", "required");
        if (affinity.Required is { } required)
        {
            new PodSpecValidator(new V1PodSpec(), null, _path, _errors).NodeSelector(required, path);
        }
        else
        {
            _errors.Required(path, "must specify required node constraints");
        }
    }

    /// <summary>Recycling deletes what is there, which must not be the node itself.</summary>
    private void RecycledRoot()
    {
        if (_spec.PersistentVolumeReclaimPolicy == "Recycle" && _spec.HostPath is { } host && IsRoot(host.Path ?? ""))
        {
            _errors.Forbidden(
                _path.Child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'");
        }
    }

    private static bool IsRoot(string path) => path.StartsWith('/') && Path.GetFullPath(path) == "/";

    private void ClassName(string field, string? name)
    {
        if (!string.IsNullOrEmpty(name))
        {
            _errors.InvalidEach(_path.Child(field), name, NameRules.DnsSubdomain(name));
        }
    }

    private void AttributesClass()
    {
        const string Field = "volumeAttributesClassName";
        if (_spec.VolumeAttributesClassName is not { } name)
        {
            return;
        }

        if (name.Length == 0)
        {
            _errors.Required(_path.Child(Field), "an empty string is disallowed");
        }

        ClassName(Field, name);
        if (_spec.Csi is null)
        {
            _errors.Required(_path.Child("csi"), $"has to be specified when using {Field}");
        }
    }
}
