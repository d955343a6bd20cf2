using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Volumes that live on the node or come from the API.</content>
internal sealed partial class PodSpecValidator
{
    private const string BadMode = "must be a number between 0 and 0777 (octal), both inclusive";
    private const string TwoSourcesInVolume = "may not specify more than 1 volume type";
    private const int MaxMode = 511; // 0777

    private HashSet<string>? _ephemeralClaims;

    private void Volumes()
    {
        if (_spec.Volumes is not { Count: > 0 } volumes)
        {
            return;
        }

        var path = _path.Child("volumes");
        for (var i = 0; i < volumes.Count; i++)
        {
            var volume = volumes[i];
            var at = path.Index(i);
            var before = _errors.Count;
            VolumeSource(volume, at);
            if (string.IsNullOrEmpty(volume.Name))
            {
                _errors.Required(at.Child("name"));
            }

            Label(at, "name", volume.Name);
            if (_volumes.ContainsKey(volume.Name ?? ""))
            {
                _errors.Duplicate(at.Child("name"), volume.Name ?? "");
            }

            if (_errors.Count == before)
            {
                _volumes.Add(volume.Name!, volume);
            }

            ClaimOfEphemeral(volume, at);
        }
    }

    /// <summary>A claim that the pod itself brings cannot be referred to as if it were somebody else's.</summary>
    private void ClaimOfEphemeral(V1Volume volume, FieldPath path)
    {
        if (volume.PersistentVolumeClaim?.ClaimName is not { } claim || string.IsNullOrEmpty(_podMetadata?.Name))
        {
            return;
        }

        _ephemeralClaims ??= _spec.Volumes!.Where(v => v.Ephemeral is not null)
            .Select(v => $"{_podMetadata.Name}-{v.Name}").ToHashSet(StringComparer.Ordinal);
        if (_ephemeralClaims.Contains(claim))
        {
            _errors.Invalid(
                path.Child("persistentVolumeClaim", "claimName"), claim, "must not reference a PVC that gets created for an ephemeral volume");
        }
    }

    private void VolumeSource(V1Volume volume, FieldPath path)
    {
        var count = 0;
        if (volume.EmptyDir is { } emptyDir)
        {
            count++;
            if (emptyDir.SizeLimit is { } limit && Quantity.Of(limit).Sign < 0)
            {
                _errors.Forbidden(
                    path.Child("emptyDir", "sizeLimit"), "SizeLimit field must be a valid resource quantity");
            }
        }

        if (volume.HostPath is { } hostPath && IsFirstSource(ref count, path, "hostPath"))
        {
            HostPath(hostPath, path.Child("hostPath"));
        }

        GitAndCloudSources(volume, path, ref count);
        if (volume.Secret is { } secret && IsFirstSource(ref count, path, "secret"))
        {
            NeedsText(secret.SecretName, path.Child("secret"), "secretName");
            Files(secret.DefaultMode, secret.Items, path.Child("secret"));
        }

        NetworkSources(volume, path, ref count);
        if (volume.DownwardAPI is { } downward && IsFirstSource(ref count, path, "downwarAPI"))
        {
            Downward(downward, path.Child("downwardAPI"));
        }

        MoreNetworkSources(volume, path, ref count);
        if (volume.ConfigMap is { } configMap && IsFirstSource(ref count, path, "configMap"))
        {
            NeedsText(configMap.Name, path.Child("configMap"), "name");
            Files(configMap.DefaultMode, configMap.Items, path.Child("configMap"));
        }

        VendorSources(volume, path, ref count);
        LateSources(volume, path, ref count);
        if (count == 0)
        {
            _errors.Required(path, "must specify a volume type");
        }
    }

    private void LateSources(V1Volume volume, FieldPath path, ref int count)
    {
        if (volume.Projected is { } projected && IsFirstSource(ref count, path, "projected"))
        {
            Projected(projected, path.Child("projected"));
        }

        if (volume.ScaleIO is { } scale && IsFirstSource(ref count, path, "scaleIO"))
        {
            NeedsText(scale.Gateway, path.Child("scaleIO"), "gateway");
            NeedsText(scale.System, path.Child("scaleIO"), "system");
            NeedsText(scale.VolumeName, path.Child("scaleIO"), "volumeName");
        }

        if (volume.Csi is { } csi && IsFirstSource(ref count, path, "csi"))
        {
            Csi(csi, path.Child("csi"));
        }

        if (volume.Ephemeral is { } ephemeral && IsFirstSource(ref count, path, "ephemeral"))
        {
            Ephemeral(volume, ephemeral, path);
        }

        if (volume.Image is { } image && IsFirstSource(ref count, path, "image"))
        {
            // What a template leaves out may be filled in before there is a pod.
            if (_isPod)
            {
                NeedsText(image.Reference, path.Child("image"), "reference");
            }

            OneOf(path.Child("image"), "pullPolicy", image.PullPolicy, ["Always", "IfNotPresent", "Never"]);
        }
    }

    private bool IsFirstSource(ref int count, FieldPath path, string field)
    {
        if (count > 0)
        {
            _errors.Forbidden(path.Child(field), TwoSourcesInVolume);
            return false;
        }

        count++;
        return true;
    }

    internal void NeedsText(string? value, FieldPath parent, string field)
    {
        if (string.IsNullOrEmpty(value))
        {
            _errors.Required(parent.Child(field));
        }
    }

    internal void HostPath(V1HostPathVolumeSource source, FieldPath path)
    {
        if (string.IsNullOrEmpty(source.Path))
        {
            _errors.Required(path.Child("path"));
            return;
        }

        NoBacksteps(source.Path, path.Child("path"));
        string[] types =
            ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
        if (source.Type is { } type && !types.Contains(type, StringComparer.Ordinal))
        {
            _errors.NotSupported(path.Child("type"), type, types);
        }
    }

    private void Files(int? mode, IList<V1KeyToPath>? items, FieldPath path)
    {
        Mode(mode, path, "defaultMode");
        for (var i = 0; i < (items?.Count ?? 0); i++)
        {
            KeyToPath(items![i], path.Child("items").Index(i));
        }
    }

    private void Mode(int? mode, FieldPath parent, string field)
    {
        if (mode is < 0 or > MaxMode)
        {
            _errors.Invalid(parent.Child(field), mode, BadMode);
        }
    }

    private void KeyToPath(V1KeyToPath item, FieldPath path)
    {
        NeedsText(item.Key, path, "key");
        NeedsText(item.Path, path, "path");
        LocalNonReserved(item.Path ?? "", path.Child("path"));
        Mode(item.Mode, path, "mode");
    }

    private void Downward(V1DownwardAPIVolumeSource source, FieldPath path)
    {
        Mode(source.DefaultMode, path, "defaultMode");
        foreach (var file in source.Items ?? [])
        {
            DownwardFile(file, path);
        }
    }

    private void DownwardFile(V1DownwardAPIVolumeFile file, FieldPath path)
    {
        NeedsText(file.Path, path, "path");
        LocalNonReserved(file.Path ?? "", path.Child("path"));
        if (file.FieldRef is { } field)
        {
            FieldSelector(field, VolumeFields, path.Child("fieldRef"));
            if (file.ResourceFieldRef is not null)
            {
                _errors.Invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
            }
        }
        else if (file.ResourceFieldRef is { } resource)
        {
            ResourceSelector(resource, path.Child("resourceFieldRef"), inVolume: true);
        }
        else
        {
            _errors.Required(path, "one of fieldRef and resourceFieldRef is required");
        }

        Mode(file.Mode, path, "mode");
    }

    /// <summary>The name of a CSI driver, whatever its case.</summary>
    public static void CsiDriverName(string? name, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path);
            return;
        }

        if (name.Length > NameRules.LabelMaxLength)
        {
            errors.TooLong(path, NameRules.LabelMaxLength);
        }

        errors.InvalidEach(path, name, NameRules.DnsSubdomain(name.ToLowerInvariant()));
    }

    private void Csi(V1CSIVolumeSource source, FieldPath path)
    {
        CsiDriverName(source.Driver, path.Child("driver"), _errors);
        if (source.NodePublishSecretRef is { } secret)
        {
            NeedsText(secret.Name, path.Child("nodePublishSecretRef"), "name");
            Subdomain(path, "name", secret.Name);
        }
    }

    private void Ephemeral(V1Volume volume, V1EphemeralVolumeSource source, FieldPath path)
    {
        if (source.VolumeClaimTemplate is not { } template)
        {
            _errors.Required(path.Child("ephemeral", "volumeClaimTemplate"));
        }
        else
        {
            EphemeralClaim.Validate(template, path.Child("ephemeral", "volumeClaimTemplate"), _errors);
        }

        if (!string.IsNullOrEmpty(_podMetadata?.Name) && !string.IsNullOrEmpty(volume.Name))
        {
            var claim = $"{_podMetadata.Name}-{volume.Name}";
            foreach (var complaint in NameRules.DnsSubdomain(claim))
            {
                _errors.Invalid(path.Child("name"), volume.Name, $"PVC name {GoText.Quote(claim)}: {complaint}");
            }
        }
    }
}
