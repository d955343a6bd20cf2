using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>
/// Validation of a pod's spec, in a pod or a template: upstream's findings in upstream's order, since clients read
/// them. Paths are only built where something is present that could be wrong. One instance validates one spec.
/// </summary>
internal sealed partial class PodSpecValidator
{
    private readonly FieldErrors _errors;
    private readonly V1PodSpec _spec;
    private readonly V1ObjectMeta? _podMetadata;
    private readonly bool _isPod;
    private readonly bool _hostUsers;
    private readonly FieldPath _path;
    private readonly Dictionary<string, V1Volume> _volumes = new(StringComparer.Ordinal);

    /// <summary>A validator of one spec.</summary>
    /// <param name="spec">With defaults.</param>
    /// <param name="podMetadata">Of the pod; null for a template.</param>
    /// <param name="path">Where the spec is.</param>
    /// <param name="errors">Takes the findings.</param>
    public PodSpecValidator(V1PodSpec spec, V1ObjectMeta? podMetadata, FieldPath path, FieldErrors errors)
    {
        _spec = spec;
        _podMetadata = podMetadata;
        _isPod = podMetadata is not null;
        _path = path;
        _errors = errors;
        _hostUsers = spec.HostUsers ?? true;
    }

    private bool IsWindows => _spec.Os?.Name == "windows";

    public void Validate()
    {
        if (_spec.TerminationGracePeriodSeconds is null)
        {
            _errors.Required(_path.Child("terminationGracePeriodSeconds"));
        }

        Volumes();
        ResourceClaims();
        Containers();
        InitContainers();
        EphemeralContainers();
        PodResourceRequirements();
        HostNetworkPorts();
        OneOf(_path, "restartPolicy", _spec.RestartPolicy, ["Always", "OnFailure", "Never"]);
        OneOf(_path, "dnsPolicy", _spec.DnsPolicy, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
        ObjectMetaRules.ValidateLabels(_spec.NodeSelector, _path.Child("nodeSelector"), _errors);
        PodSecurity();
        Affinity();
        DnsConfig();
        ReadinessGates();
        SchedulingGates();
        TopologySpread();
        WindowsHostProcess();
        HostUsers();
        HostnameOverride();
        Names();
        Tolerations();
        HostAliases();
        Classes();
        OperatingSystem();
        SchedulingGroup();
        FileKeyVolumes();
    }

    private void Names()
    {
        Subdomain(_path, "serviceAccountName", _spec.ServiceAccountName);
        Subdomain(_path, "nodeName", _spec.NodeName);
        if (_spec.ActiveDeadlineSeconds is { } deadline and (< 1 or > int.MaxValue))
        {
            _errors.Invalid(_path.Child("activeDeadlineSeconds"), deadline, NameRules.InclusiveRange(1, int.MaxValue));
        }

        Label(_path, "hostname", _spec.Hostname);
        Label(_path, "subdomain", _spec.Subdomain);
    }

    private void Classes()
    {
        Subdomain(_path, "priorityClassName", _spec.PriorityClassName);
        if (_spec.RuntimeClassName is { } runtimeClass && !NameChecks.IsDnsSubdomain(runtimeClass))
        {
            _errors.InvalidEach(_path.Child("runtimeClassName"), runtimeClass, NameRules.DnsSubdomain(runtimeClass));
        }

        if (_spec.PreemptionPolicy is { } preemption)
        {
            OneOf(_path, "preemptionPolicy", preemption, ["PreemptLowerPriority", "Never"]);
        }

        if (_spec.Overhead is { } overhead)
        {
            Requirements(new V1ResourceRequirements { Limits = overhead }, _path.Child("overhead"), atPodLevel: false);
        }
    }

    private void ResourceClaims()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (_spec.ResourceClaims?.Count ?? 0); i++)
        {
            ResourceClaim(_spec.ResourceClaims![i], names, _path.Child("resourceClaims").Index(i));
        }
    }

    private void ResourceClaim(V1PodResourceClaim claim, HashSet<string> names, FieldPath path)
    {
        if (_podMetadata?.Annotations?.ContainsKey(PodAnnotations.Mirror) == true)
        {
            _errors.Forbidden(FieldPath.Of(""), "static pods do not support resource claims");
            return;
        }

        if (string.IsNullOrEmpty(claim.Name))
        {
            _errors.Required(path.Child("name"));
        }
        else if (!names.Add(claim.Name))
        {
            _errors.Duplicate(path.Child("name"), claim.Name);
        }
        else
        {
            Label(path, "name", claim.Name);
        }

        if (claim.ResourceClaimName is not null && claim.ResourceClaimTemplateName is not null)
        {
            _errors.Invalid(
                path, Raw(claim), "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
        }

        if (claim.ResourceClaimName is null && claim.ResourceClaimTemplateName is null)
        {
            _errors.Invalid(path, Raw(claim), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
        }

        AnySubdomain(path, "resourceClaimName", claim.ResourceClaimName);
        AnySubdomain(path, "resourceClaimTemplateName", claim.ResourceClaimTemplateName);
    }

    /// <summary>
    /// In a pod with the host's network, ports of container and host are the same; templates may leave the host's out.
    /// </summary>
    private void HostNetworkPorts()
    {
        if (_spec.HostNetwork != true)
        {
            return;
        }

        for (var i = 0; i < (_spec.Containers?.Count ?? 0); i++)
        {
            var ports = _spec.Containers![i].Ports;
            for (var j = 0; j < (ports?.Count ?? 0); j++)
            {
                var hostPort = ports![j].HostPort ?? 0;
                if ((_isPod || hostPort != 0) && hostPort != ports[j].ContainerPort)
                {
                    _errors.Invalid(
                        _path.Child("containers").Index(i).Child("ports").Index(j).Child("hostPort"),
                        hostPort,
                        "must match `containerPort` when `hostNetwork` is true");
                }
            }
        }
    }

    private void HostUsers()
    {
        if (_hostUsers)
        {
            return;
        }

        const string Message = "when `hostUsers` is false";
        if (_spec.HostNetwork == true)
        {
            _errors.Forbidden(_path.Child("hostNetwork"), Message);
        }

        if (_spec.HostPID == true)
        {
            _errors.Forbidden(_path.Child("HostPID"), Message);
        }

        if (_spec.HostIPC == true)
        {
            _errors.Forbidden(_path.Child("HostIPC"), Message);
        }

        foreach (var container in PodContainers.All(_spec, _path))
        {
            if (container.VolumeDevices is { Count: > 0 })
            {
                _errors.Forbidden(container.Path.Child("volumeDevices"), Message);
            }
        }
    }

    private void HostnameOverride()
    {
        if (_spec.HostnameOverride is not { } name)
        {
            return;
        }

        var path = _path.Child("hostnameOverride");
        if (_spec.SetHostnameAsFQDN == true)
        {
            _errors.Forbidden(path, "may not be specified when setHostnameAsFQDN is true");
        }

        if (_spec.HostNetwork == true)
        {
            _errors.Forbidden(path, "may not be specified when hostNetwork is true");
        }

        if (name.Length > 64)
        {
            _errors.TooLong(path, 64);
        }

        _errors.InvalidEach(path, name, NameRules.DnsSubdomain(name));
    }

    private void HostAliases()
    {
        for (var i = 0; i < (_spec.HostAliases?.Count ?? 0); i++)
        {
            var alias = _spec.HostAliases![i];
            var path = _path.Child("hostAliases").Index(i);
            NetworkRules.ValidateIp(path.Child("ip"), alias.Ip ?? "", _errors);
            for (var j = 0; j < (alias.Hostnames?.Count ?? 0); j++)
            {
                var name = alias.Hostnames![j];
                if (!NameChecks.IsDnsSubdomain(name))
                {
                    _errors.InvalidEach(path.Child("hostnames").Index(j), name, NameRules.DnsSubdomain(name));
                }
            }
        }
    }

    private void SchedulingGroup()
    {
        if (_spec.SchedulingGroup is not { } group)
        {
            return;
        }

        var path = _path.Child("schedulingGroup");
        if (group.PodGroupName is null)
        {
            _errors.Invalid(path.Child("podGroupName"), null, "must specify one of: `podGroupName`");
        }
        else
        {
            AnySubdomain(path, "podGroupName", group.PodGroupName);
        }
    }

    private void OneOf(FieldPath parent, string field, string? value, string[] supported)
    {
        if (string.IsNullOrEmpty(value))
        {
            _errors.Required(parent.Child(field));
        }
        else if (!supported.Contains(value, StringComparer.Ordinal))
        {
            _errors.NotSupported(parent.Child(field), value, supported);
        }
    }

    /// <summary>A subdomain, unless there is none.</summary>
    internal void Subdomain(FieldPath parent, string field, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            AnySubdomain(parent, field, value);
        }
    }

    private void AnySubdomain(FieldPath parent, string field, string? value)
    {
        if (value is not null && !NameChecks.IsDnsSubdomain(value))
        {
            _errors.InvalidEach(parent.Child(field), value, NameRules.DnsSubdomain(value));
        }
    }

    /// <summary>A label, unless there is none.</summary>
    internal void Label(FieldPath parent, string field, string? value)
    {
        if (!string.IsNullOrEmpty(value) && !NameChecks.IsDnsLabel(value))
        {
            _errors.InvalidEach(parent.Child(field), value, NameRules.DnsLabel(value));
        }
    }

    private static RawJson Raw<T>(T item)
        where T : class => new(InternalForm.Compact(item));
}
