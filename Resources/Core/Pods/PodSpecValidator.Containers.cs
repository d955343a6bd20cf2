using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Containers of all sorts.</content>
internal sealed partial class PodSpecValidator
{
    private const string OnlySidecars = "may not be set for init containers without restartPolicy=Always";
    private const string NotEphemeral = "cannot be set for an Ephemeral Container";
    private const int MaxRestartRules = 20;
    private const int MaxExitCodes = 255;

    private static readonly string[] RestartPolicies = ["Always", "Never", "OnFailure"];

    private void Containers()
    {
        var path = _path.Child("containers");
        if (_spec.Containers is not { Count: > 0 } containers)
        {
            _errors.Required(path);
            return;
        }

        var names = containers.Count > 1 ? new HashSet<string>(StringComparer.Ordinal) : null;
        for (var i = 0; i < containers.Count; i++)
        {
            var container = containers[i];
            var at = path.Index(i);
            Common(container, at);
            if (names?.Add(container.Name ?? "") == false)
            {
                _errors.Duplicate(at.Child("name"), container.Name ?? "");
            }

            Lifecycle(container.Lifecycle, at);
            Probes(container, at);
            RestartPolicy(container, at);
        }

        HostPortConflicts(containers, path);
    }

    private void InitContainers()
    {
        if (_spec.InitContainers is not { Count: > 0 } containers)
        {
            return;
        }

        var path = _path.Child("initContainers");
        var names = new HashSet<string>((_spec.Containers ?? []).Select(c => c.Name ?? ""), StringComparer.Ordinal);
        for (var i = 0; i < containers.Count; i++)
        {
            var container = containers[i];
            var at = path.Index(i);
            Common(container, at);
            InitRestartPolicy(container, at);
            if (names.Contains(container.Name ?? ""))
            {
                _errors.Duplicate(at.Child("name"), container.Name ?? "");
            }
            else if (!string.IsNullOrEmpty(container.Name))
            {
                names.Add(container.Name);
            }

            HostPortConflicts([container], path);
            if (PodResources.IsSidecar(container))
            {
                Lifecycle(container.Lifecycle, at);
                Probes(container, at);
            }
            else
            {
                ForbidSidecarFields(container, at);
                ForbidRestartOnResize(container, at);
            }
        }
    }

    private void InitRestartPolicy(V1Container container, FieldPath path)
    {
        if (container.RestartPolicy is not null)
        {
            RestartPolicy(container, path);
        }
        else if (container.RestartPolicyRules is { Count: > 0 })
        {
            _errors.Required(path.Child("restartPolicy"), "must specify restartPolicy when restart rules are used");
        }
    }

    private void ForbidSidecarFields(V1Container container, FieldPath path)
    {
        ForbidIf(container.Lifecycle is not null, path, "lifecycle", OnlySidecars);
        ForbidIf(container.LivenessProbe is not null, path, "livenessProbe", OnlySidecars);
        ForbidIf(container.ReadinessProbe is not null, path, "readinessProbe", OnlySidecars);
        ForbidIf(container.StartupProbe is not null, path, "startupProbe", OnlySidecars);
    }

    private void ForbidRestartOnResize(V1Container container, FieldPath path)
    {
        for (var i = 0; i < (container.ResizePolicy?.Count ?? 0); i++)
        {
            if (container.ResizePolicy![i].RestartPolicy == "RestartContainer")
            {
                _errors.Invalid(
                    path.Child("resizePolicy").Index(i).Child("restartPolicy"),
                    "RestartContainer",
                    "must not be set to 'RestartContainer' for non-sidecar initContainers");
            }
        }
    }

    private void EphemeralContainers()
    {
        if (_spec.EphemeralContainers is not { Count: > 0 } containers)
        {
            return;
        }

        var path = _path.Child("ephemeralContainers");
        var others = new HashSet<string>(
            (_spec.Containers ?? []).Concat(_spec.InitContainers ?? []).Select(c => c.Name ?? ""), StringComparer.Ordinal);
        var names = new HashSet<string>(others, StringComparer.Ordinal);
        for (var i = 0; i < containers.Count; i++)
        {
            var ephemeral = containers[i];
            var container = PodContainers.AsContainer(ephemeral);
            var at = path.Index(i);
            Common(container, at);
            Whitespace(container, at);
            if (!names.Add(ephemeral.Name ?? ""))
            {
                _errors.Duplicate(at.Child("name"), ephemeral.Name ?? "");
            }

            if (!string.IsNullOrEmpty(ephemeral.TargetContainerName) && !others.Contains(ephemeral.TargetContainerName))
            {
                _errors.NotFound(at.Child("targetContainerName"), ephemeral.TargetContainerName);
            }

            ForbidEphemeralFields(container, at);
        }
    }

    /// <summary>
    /// Whatever is given is too much, even when there is nothing in it: upstream compares with what is not given.
    /// </summary>
    private void ForbidEphemeralFields(V1Container container, FieldPath path)
    {
        ForbidIf(container.Ports is not null, path, "ports", NotEphemeral);
        ForbidIf(
            container.Resources is { Claims: not null } or { Limits: not null } or { Requests: not null }, path,
            "resources", NotEphemeral);
        ForbidIf(container.ResizePolicy is not null, path, "resizePolicy", NotEphemeral);
        ForbidIf(container.RestartPolicy is not null, path, "restartPolicy", NotEphemeral);
        ForbidIf(container.RestartPolicyRules is not null, path, "restartPolicyRules", NotEphemeral);
        ForbidIf(container.LivenessProbe is not null, path, "livenessProbe", NotEphemeral);
        ForbidIf(container.ReadinessProbe is not null, path, "readinessProbe", NotEphemeral);
        ForbidIf(container.StartupProbe is not null, path, "startupProbe", NotEphemeral);
        ForbidIf(container.Lifecycle is not null, path, "lifecycle", NotEphemeral);
        for (var i = 0; i < (container.VolumeMounts?.Count ?? 0); i++)
        {
            var at = path.Child("volumeMounts").Index(i);
            ForbidIf(!string.IsNullOrEmpty(container.VolumeMounts![i].SubPath), at, "subPath", NotEphemeral);
            ForbidIf(!string.IsNullOrEmpty(container.VolumeMounts[i].SubPathExpr), at, "subPathExpr", NotEphemeral);
        }
    }

    private void ForbidIf(bool condition, FieldPath parent, string field, string message)
    {
        if (condition)
        {
            _errors.Forbidden(parent.Child(field), message);
        }
    }

    /// <summary>What holds for every sort of container.</summary>
    private void Common(V1Container container, FieldPath path)
    {
        if (string.IsNullOrEmpty(container.Name))
        {
            _errors.Required(path.Child("name"));
        }

        Label(path, "name", container.Name);
        if (string.IsNullOrEmpty(container.Image))
        {
            _errors.Required(path.Child("image"));
        }

        OneOf(path, "terminationMessagePolicy", container.TerminationMessagePolicy, ["File", "FallbackToLogsOnError"]);
        Ports(container.Ports, path);
        Environment(container.Env, path);
        EnvironmentSources(container.EnvFrom, path);
        Mounts(container, path);
        Devices(container, path);
        OneOf(path, "imagePullPolicy", container.ImagePullPolicy, ["Always", "IfNotPresent", "Never"]);
        if (container.Resources is { } resources)
        {
            Requirements(resources, path.Child("resources"), atPodLevel: false);
        }

        ResizePolicy(container.ResizePolicy, path);
        ContainerSecurity(container.SecurityContext, path);
    }

    /// <summary>Only pods are this strict; templates were not always.</summary>
    public void PodOnly()
    {
        if (string.IsNullOrEmpty(_spec.ServiceAccountName))
        {
            ForbidTokensWithoutAccount();
        }

        for (var i = 0; i < (_spec.Containers?.Count ?? 0); i++)
        {
            Whitespace(_spec.Containers![i], _path.Child("containers").Index(i));
        }

        for (var i = 0; i < (_spec.InitContainers?.Count ?? 0); i++)
        {
            Whitespace(_spec.InitContainers![i], _path.Child("initContainers").Index(i));
        }
    }

    private void ForbidTokensWithoutAccount()
    {
        for (var i = 0; i < (_spec.Volumes?.Count ?? 0); i++)
        {
            var sources = _spec.Volumes![i].Projected?.Sources;
            for (var j = 0; j < (sources?.Count ?? 0); j++)
            {
                if (sources![j].ServiceAccountToken is not null)
                {
                    _errors.Forbidden(
                        _path.Child("volumes").Index(i).Child("projected", "sources").Index(j).Child(
                            "serviceAccountToken"),
                        "must not be specified when serviceAccountName is not set");
                }
            }
        }
    }

    private void Whitespace(V1Container container, FieldPath path)
    {
        if (container.Image is { } image && image.Trim().Length != image.Length)
        {
            _errors.Invalid(path.Child("image"), image, "must not have leading or trailing whitespace");
        }
    }

    private void Ports(IList<V1ContainerPort>? ports, FieldPath parent)
    {
        if (ports is null)
        {
            return;
        }

        var path = parent.Child("ports");
        HashSet<string>? names = null;
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            if (!string.IsNullOrEmpty(port.Name))
            {
                names ??= new HashSet<string>(StringComparer.Ordinal);
                PortName(port.Name, names, path.Index(i));
            }

            if (port.ContainerPort == 0)
            {
                _errors.Required(path.Index(i).Child("containerPort"));
            }
            else if (port.ContainerPort is < 1 or > 65535)
            {
                _errors.InvalidEach(
                    path.Index(i).Child("containerPort"), port.ContainerPort, NameRules.PortNumber(port.ContainerPort));
            }

            if (port.HostPort is { } hostPort and not 0 and (< 1 or > 65535))
            {
                _errors.InvalidEach(path.Index(i).Child("hostPort"), hostPort, NameRules.PortNumber(hostPort));
            }

            if (port.Protocol is not ("TCP" or "UDP" or "SCTP"))
            {
                OneOf(path.Index(i), "protocol", port.Protocol, ["SCTP", "TCP", "UDP"]);
            }
        }
    }

    private void PortName(string name, HashSet<string> names, FieldPath path)
    {
        var before = _errors.Count;
        _errors.InvalidEach(path.Child("name"), name, NameRules.PortName(name));
        if (_errors.Count == before && !names.Add(name))
        {
            _errors.Duplicate(path.Child("name"), name);
        }
    }

    private void HostPortConflicts(IList<V1Container> containers, FieldPath path)
    {
        HashSet<string>? taken = null;
        for (var i = 0; i < containers.Count; i++)
        {
            var ports = containers[i].Ports;
            for (var j = 0; j < (ports?.Count ?? 0); j++)
            {
                var hostPort = ports![j].HostPort ?? 0;
                if (hostPort == 0)
                {
                    continue;
                }

                var key = $"{ports[j].Protocol}/{ports[j].HostIP}/{hostPort}";
                taken ??= new HashSet<string>(StringComparer.Ordinal);
                if (!taken.Add(key))
                {
                    _errors.Duplicate(path.Index(i).Child("ports").Index(j).Child("hostPort"), key);
                }
            }
        }
    }

    private void RestartPolicy(V1Container container, FieldPath path)
    {
        var rules = container.RestartPolicyRules;
        if (container.RestartPolicy is null)
        {
            if (rules is not { Count: > 0 })
            {
                return;
            }

            _errors.Required(path.Child("restartPolicy"), "must specify restartPolicy when restart rules are used");
        }
        else if (!RestartPolicies.Contains(container.RestartPolicy, StringComparer.Ordinal))
        {
            _errors.NotSupported(path.Child("restartPolicy"), container.RestartPolicy, RestartPolicies);
        }

        if (rules?.Count > MaxRestartRules)
        {
            _errors.TooMany(path.Child("restartPolicyRules"), rules.Count, MaxRestartRules);
        }

        for (var i = 0; i < (rules?.Count ?? 0); i++)
        {
            RestartRule(rules![i], path.Child("restartPolicyRules").Index(i));
        }
    }

    private void RestartRule(V1ContainerRestartRule rule, FieldPath path)
    {
        if (rule.Action is not ("Restart" or "RestartAllContainers"))
        {
            _errors.NotSupported(path.Child("action"), rule.Action ?? "", ["Restart", "RestartAllContainers"]);
        }

        if (rule.ExitCodes is not { } codes)
        {
            _errors.Required(path.Child("exitCodes"), "must be specified");
            return;
        }

        if (codes.OperatorProperty is not ("In" or "NotIn"))
        {
            _errors.NotSupported(path.Child("exitCodes", "operator"), codes.OperatorProperty ?? "", ["In", "NotIn"]);
        }

        if (codes.Values?.Count > MaxExitCodes)
        {
            _errors.TooMany(path.Child("exitCodes", "values"), codes.Values.Count, MaxExitCodes);
        }
    }
}
