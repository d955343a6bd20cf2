using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Mounts, block devices and the paths in them.</content>
internal sealed partial class PodSpecValidator
{
    private void Mounts(V1Container container, FieldPath parent)
    {
        if (container.VolumeMounts is not { } mounts)
        {
            return;
        }

        var path = parent.Child("volumeMounts");
        var devices = container.VolumeDevices is { } others
            ? new NamesAndPaths(others.Select(static d => ((string?)d.Name, (string?)d.DevicePath)))
            : null;
        var points = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < mounts.Count; i++)
        {
            var mount = mounts[i];
            var name = mount.Name ?? "";
            var point = mount.MountPath ?? "";
            if (name.Length == 0)
            {
                _errors.Required(path.Index(i).Child("name"));
            }

            if (!_volumes.ContainsKey(name))
            {
                _errors.NotFound(path.Index(i).Child("name"), name);
            }

            if (point.Length == 0)
            {
                _errors.Required(path.Index(i).Child("mountPath"));
            }

            if (!points.Add(point))
            {
                _errors.Invalid(path.Index(i).Child("mountPath"), point, "must be unique");
            }

            MountAgainstDevices(devices, mount, path.Index(i));
            MountDetails(container, mount, path, i);
        }
    }

    private void MountAgainstDevices(NamesAndPaths? devices, V1VolumeMount mount, FieldPath path)
    {
        if (devices is null)
        {
            return;
        }

        if (devices.Names.Contains(mount.Name ?? ""))
        {
            _errors.Invalid(path.Child("name"), mount.Name ?? "", "must not already exist in volumeDevices");
        }

        if (devices.Paths.Contains(mount.MountPath ?? ""))
        {
            _errors.Invalid(
                path.Child("mountPath"), mount.MountPath ?? "", "must not already exist as a path in volumeDevices");
        }
    }

    /// <summary>Several of these paths lack the mount's index; so do upstream's.</summary>
    private void MountDetails(V1Container container, V1VolumeMount mount, FieldPath path, int index)
    {
        if (!string.IsNullOrEmpty(mount.SubPath))
        {
            LocalDescending(mount.SubPath, path.Child("subPath"));
        }

        if (!string.IsNullOrEmpty(mount.SubPathExpr))
        {
            if (!string.IsNullOrEmpty(mount.SubPath))
            {
                _errors.Invalid(
                    path.Index(index).Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive");
            }

            LocalDescending(mount.SubPathExpr, path.Child("subPathExpr"));
        }

        if (mount.MountPropagation is { } propagation)
        {
            Propagation(propagation, container, path.Child("mountPropagation"));
        }

        if (mount.RecursiveReadOnly is not null)
        {
            RecursiveReadOnly(mount, path.Child("recursiveReadOnly"));
        }
    }

    private void Propagation(string propagation, V1Container container, FieldPath path)
    {
        if (propagation is not ("Bidirectional" or "HostToContainer" or "None"))
        {
            _errors.NotSupported(path, propagation, ["Bidirectional", "HostToContainer", "None"]);
        }

        if (propagation == "Bidirectional" && container.SecurityContext?.Privileged != true)
        {
            _errors.Forbidden(path, "Bidirectional mount propagation is available only to privileged containers");
        }
    }

    private void RecursiveReadOnly(V1VolumeMount mount, FieldPath path)
    {
        switch (mount.RecursiveReadOnly)
        {
            case "Disabled":
                break;
            case "Enabled" or "IfPossible":
                if (mount.ReadOnlyProperty != true)
                {
                    _errors.Forbidden(path, "may only be specified when readOnly is true");
                }

                if (mount.MountPropagation is not (null or "None"))
                {
                    _errors.Forbidden(path, "may only be specified when mountPropagation is None or not specified");
                }

                break;
            default:
                _errors.NotSupported(path, mount.RecursiveReadOnly, ["Disabled", "Enabled", "IfPossible"]);
                break;
        }
    }

    private void Devices(V1Container container, FieldPath parent)
    {
        if (container.VolumeDevices is not { } devices)
        {
            return;
        }

        var mounts = container.VolumeMounts is { } others
            ? new NamesAndPaths(others.Select(static m => ((string?)m.Name, (string?)m.MountPath)))
            : null;
        var path = parent.Child("volumeDevices");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < devices.Count; i++)
        {
            DeviceName(devices[i].Name ?? "", names, path.Index(i));
            DevicePath(devices[i].DevicePath ?? "", paths, path.Index(i));
            DeviceAgainstMounts(mounts, devices[i], path.Index(i));
            if (!string.IsNullOrEmpty(devices[i].Name))
            {
                names.Add(devices[i].Name);
            }
        }
    }

    private void DeviceName(string name, HashSet<string> names, FieldPath path)
    {
        if (name.Length == 0)
        {
            _errors.Required(path.Child("name"));
        }

        if (names.Contains(name))
        {
            _errors.Invalid(path.Child("name"), name, "must be unique");
        }

        if (!_volumes.TryGetValue(name, out var volume))
        {
            _errors.NotFound(path.Child("name"), name);
        }
        else if (volume is { PersistentVolumeClaim: null, Ephemeral: null })
        {
            _errors.Invalid(
                path.Child("name"), name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
        }
    }

    private void DevicePath(string devicePath, HashSet<string> paths, FieldPath path)
    {
        if (devicePath.Length == 0)
        {
            _errors.Required(path.Child("devicePath"));
        }

        if (paths.Contains(devicePath))
        {
            _errors.Invalid(path.Child("devicePath"), devicePath, "must be unique");
        }

        if (HasBackstep(devicePath))
        {
            _errors.Invalid(path.Child("devicePath"), devicePath, "can not contain backsteps ('..')");
        }
        else
        {
            paths.Add(devicePath);
        }
    }

    private void DeviceAgainstMounts(NamesAndPaths? mounts, V1VolumeDevice device, FieldPath path)
    {
        if (mounts is null)
        {
            return;
        }

        if (mounts.Names.Contains(device.Name ?? ""))
        {
            _errors.Invalid(path.Child("name"), device.Name ?? "", "must not already exist in volumeMounts");
        }

        if (mounts.Paths.Contains(device.DevicePath ?? ""))
        {
            _errors.Invalid(
                path.Child("devicePath"), device.DevicePath ?? "", "must not already exist as a path in volumeMounts");
        }
    }

    /// <summary>Relative and without backsteps.</summary>
    private void LocalDescending(string target, FieldPath path)
    {
        if (target.StartsWith('/'))
        {
            _errors.Invalid(path, target, "must be a relative path");
        }

        NoBacksteps(target, path);
    }

    /// <summary>The same, and no name that begins with two dots, which the node uses itself.</summary>
    private void LocalNonReserved(string target, FieldPath path)
    {
        LocalDescending(target, path);
        if (target.StartsWith("..", StringComparison.Ordinal) && !target.StartsWith("../", StringComparison.Ordinal))
        {
            _errors.Invalid(path, target, "must not start with '..'");
        }
    }

    internal void NoBacksteps(string target, FieldPath path)
    {
        if (HasBackstep(target))
        {
            _errors.Invalid(path, target, "must not contain '..'");
        }
    }

    private static bool HasBackstep(string target)
    {
        foreach (var part in target.AsSpan().Split('/'))
        {
            if (target.AsSpan(part) is "..")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What mounts or devices already take; of several with one name only the last counts.</summary>
    private sealed class NamesAndPaths
    {
        public NamesAndPaths(IEnumerable<(string? Name, string? Path)> items)
        {
            var paths = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (name, path) in items)
            {
                paths[name ?? ""] = path ?? "";
            }

            Names = paths.Keys.ToHashSet(StringComparer.Ordinal);
            Paths = paths.Values.ToHashSet(StringComparer.Ordinal);
        }

        public HashSet<string> Names { get; }

        public HashSet<string> Paths { get; }
    }
}
