using System.Collections.Frozen;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Environment variables and the downward API.</content>
internal sealed partial class PodSpecValidator
{
    private const string TwoSources = "may not have more than one field specified at a time";

    private static readonly string[] EnvironmentFields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
        "status.podIP", "status.podIPs",
    ];

    private static readonly string[] VolumeFields =
        ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    private static readonly string[] ResourceFields =
    [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
    ];

    private static readonly FrozenSet<string> ByteDivisors = FrozenSet.ToFrozenSet(
        ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"], StringComparer.Ordinal);

    private static readonly FrozenSet<string> ConvertibleFields = FrozenSet.ToFrozenSet(
        [
            "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
            "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase", "status.hostIP", "status.hostIPs",
            "status.podIP", "status.podIPs", "spec.host",
        ],
        StringComparer.Ordinal);

    private void Environment(IList<V1EnvVar>? variables, FieldPath parent)
    {
        if (variables is null)
        {
            return;
        }

        var path = parent.Child("env");
        for (var i = 0; i < variables.Count; i++)
        {
            var variable = variables[i];
            if (string.IsNullOrEmpty(variable.Name))
            {
                _errors.Required(path.Index(i).Child("name"));
            }
            else if (!IsEnvironmentName(variable.Name))
            {
                _errors.InvalidEach(
                    path.Index(i).Child("name"), variable.Name, NameRules.EnvironmentName(variable.Name));
            }

            if (variable.ValueFrom is { } source)
            {
                VariableSource(source, variable.Value, path.Index(i).Child("valueFrom"));
            }
        }
    }

    private static bool IsEnvironmentName(string name)
    {
        foreach (var c in name)
        {
            if (c is < ' ' or > '~' or '=')
            {
                return false;
            }
        }

        return true;
    }

    private void VariableSource(V1EnvVarSource source, string? value, FieldPath path)
    {
        var count = 0;
        if (source.FieldRef is { } field)
        {
            count++;
            FieldSelector(field, EnvironmentFields, path.Child("fieldRef"));
        }

        if (source.ResourceFieldRef is { } resource)
        {
            count++;
            ResourceSelector(resource, path.Child("resourceFieldRef"), inVolume: false);
        }

        if (source.ConfigMapKeyRef is { } configMap)
        {
            count++;
            KeySelector(configMap.Name, configMap.Key, path.Child("configMapKeyRef"));
        }

        if (source.SecretKeyRef is { } secret)
        {
            count++;
            KeySelector(secret.Name, secret.Key, path.Child("secretKeyRef"));
        }

        if (source.FileKeyRef is { } file)
        {
            count++;
            FileKey(file, path.Child("fileKeyRef"));
        }

        if (count == 0)
        {
            _errors.Invalid(
                path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        }
        else if (!string.IsNullOrEmpty(value))
        {
            _errors.Invalid(path, "", "may not be specified when `value` is not empty");
        }
        else if (count > 1)
        {
            _errors.Invalid(path, "", TwoSources);
        }
    }

    private void FieldSelector(V1ObjectFieldSelector selector, string[] supported, FieldPath path)
    {
        if (string.IsNullOrEmpty(selector.ApiVersion))
        {
            _errors.Required(path.Child("apiVersion"));
            return;
        }

        if (string.IsNullOrEmpty(selector.FieldPath))
        {
            _errors.Required(path.Child("fieldPath"));
            return;
        }

        var (field, subscript) = SplitSubscript(selector.FieldPath);
        if (ConversionError(selector, field, subscript is not null) is { } error)
        {
            _errors.Invalid(path.Child("fieldPath"), selector.FieldPath, $"error converting fieldPath: {error}");
            return;
        }

        if (subscript is not null)
        {
            var key = field == "metadata.annotations" ? subscript.ToLowerInvariant() : subscript;
            _errors.InvalidEach(path, key, NameRules.QualifiedName(key));
            return;
        }

        field = field == "spec.host" ? "spec.nodeName" : field;
        if (!supported.Contains(field, StringComparer.Ordinal))
        {
            _errors.NotSupported(path.Child("fieldPath"), field, supported);
        }
    }

    private static string? ConversionError(V1ObjectFieldSelector selector, string field, bool hasSubscript)
    {
        if (selector.ApiVersion != "v1")
        {
            return $"unsupported pod version: {selector.ApiVersion}";
        }

        if (hasSubscript)
        {
            return field is "metadata.annotations" or "metadata.labels"
                ? null
                : $"field label does not support subscript: {selector.FieldPath}";
        }

        return ConvertibleFields.Contains(field) ? null : $"field label not supported: {selector.FieldPath}";
    }

    /// <summary><c>metadata.labels['a']</c> is <c>metadata.labels</c> and <c>a</c>.</summary>
    private static (string Field, string? Subscript) SplitSubscript(string path)
    {
        if (!path.EndsWith("']", StringComparison.Ordinal))
        {
            return (path, null);
        }

        var start = path.AsSpan()[..^2].IndexOf("['", StringComparison.Ordinal);
        return start <= 0 ? (path, null) : (path[..start], path[(start + 2)..^2]);
    }

    private void ResourceSelector(V1ResourceFieldSelector selector, FieldPath path, bool inVolume)
    {
        var resource = selector.Resource ?? "";
        if (inVolume && string.IsNullOrEmpty(selector.ContainerName))
        {
            _errors.Required(path.Child("containerName"));
        }
        else if (resource.Length == 0)
        {
            _errors.Required(path.Child("resource"));
        }
        else if (!ResourceFields.Contains(resource, StringComparer.Ordinal) && !IsHugePagesField(resource))
        {
            _errors.NotSupported(path.Child("resource"), resource, ResourceFields);
        }

        Divisor(resource, selector.Divisor, path);
    }

    private void Divisor(string resource, ResourceQuantity? divisor, FieldPath path)
    {
        if (divisor is null || Quantity.Of(divisor) is not { IsZero: false } quantity)
        {
            return;
        }

        var text = quantity.ToString();
        var label = resource switch
        {
            "limits.cpu" or "requests.cpu" => "cpu",
            "limits.memory" or "requests.memory" => "memory",
            "limits.ephemeral-storage" or "requests.ephemeral-storage" => "local ephemeral storage",
            _ when IsHugePagesField(resource) => "hugepages",
            _ => "",
        };
        var good = label switch
        {
            "" => true,
            "cpu" => text is "1m" or "1",
            _ => ByteDivisors.Contains(text),
        };
        if (!good)
        {
            var values = label == "cpu" ? "1m and 1" : "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
            _errors.Invalid(
                path.Child("divisor"), resource, $"only divisor's values {values} are supported with the {label} resource");
        }
    }

    private static bool IsHugePagesField(string resource) =>
        resource.StartsWith("requests.hugepages-", StringComparison.Ordinal) || resource.StartsWith(
            "limits.hugepages-", StringComparison.Ordinal);

    private void KeySelector(string? name, string? key, FieldPath path)
    {
        AnySubdomain(path, "name", name ?? "");
        if (string.IsNullOrEmpty(key))
        {
            _errors.Required(path.Child("key"));
        }
        else
        {
            _errors.InvalidEach(path.Child("key"), key, NameRules.ConfigMapKey(key));
        }
    }

    private void FileKey(V1FileKeySelector selector, FieldPath path)
    {
        if (string.IsNullOrEmpty(selector.Key))
        {
            _errors.Required(path.Child("key"));
        }
        else
        {
            _errors.InvalidEach(path.Child("key"), selector.Key, NameRules.EnvironmentName(selector.Key));
        }

        if (string.IsNullOrEmpty(selector.VolumeName))
        {
            _errors.Required(path.Child("volumeName"));
        }

        Label(path, "volumeName", selector.VolumeName);
        if (string.IsNullOrEmpty(selector.Path))
        {
            _errors.Required(path.Child("path"));
        }
        else
        {
            NoBacksteps(selector.Path, path.Child("path"));
        }
    }

    private void EnvironmentSources(IList<V1EnvFromSource>? sources, FieldPath parent)
    {
        if (sources is null)
        {
            return;
        }

        var path = parent.Child("envFrom");
        for (var i = 0; i < sources.Count; i++)
        {
            var source = sources[i];
            if (!string.IsNullOrEmpty(source.Prefix) && !IsEnvironmentName(source.Prefix))
            {
                _errors.InvalidEach(
                    path.Index(i).Child("prefix"), source.Prefix, NameRules.EnvironmentName(source.Prefix));
            }

            if (source.ConfigMapRef is { } configMap)
            {
                SourceName(configMap.Name, path.Index(i).Child("configMapRef"));
            }

            if (source.SecretRef is { } secret)
            {
                SourceName(secret.Name, path.Index(i).Child("secretRef"));
            }

            if (source.ConfigMapRef is null && source.SecretRef is null)
            {
                _errors.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
            }
            else if (source.ConfigMapRef is not null && source.SecretRef is not null)
            {
                _errors.Invalid(path, "", TwoSources);
            }
        }
    }

    private void SourceName(string? name, FieldPath path)
    {
        if (string.IsNullOrEmpty(name))
        {
            _errors.Required(path.Child("name"));
        }
        else if (!NameChecks.IsDnsSubdomain(name))
        {
            _errors.InvalidEach(path.Child("name"), name, NameRules.DnsSubdomain(name, isPrefix: true));
        }
    }

    /// <summary>Files of variables live in emptyDir volumes.</summary>
    private void FileKeyVolumes()
    {
        foreach (var container in PodContainers.All(_spec, _path))
        {
            for (var i = 0; i < (container.Env?.Count ?? 0); i++)
            {
                if (container.Env![i].ValueFrom?.FileKeyRef is not { } file)
                {
                    continue;
                }

                var path = container.Path.Child("env").Index(i).Child("valueFrom", "fileKeyRef").Child("volumeName");
                var name = file.VolumeName ?? "";
                var volume = _spec.Volumes?.LastOrDefault(v => string.Equals(v.Name, name, StringComparison.Ordinal));
                if (volume is null)
                {
                    _errors.NotFound(path, name);
                }
                else if (volume.EmptyDir is null)
                {
                    _errors.Invalid(path, name, "referenced volume must be of type emptyDir");
                }
            }
        }
    }
}
