using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>
/// Defaults of pods and pod templates. A template gets those of the spec, a pod moreover those that shall not show up
/// in templates (requests from limits, service links, host ports).
/// </summary>
public static class PodDefaults
{
    private const string TerminationLog = "/dev/termination-log";
    private const long GraceSeconds = 30;

    private static readonly string[] InitContainerAnnotations =
    [
        "pod.beta.kubernetes.io/init-containers",
        "pod.alpha.kubernetes.io/init-containers",
        "pod.beta.kubernetes.io/init-container-statuses",
        "pod.alpha.kubernetes.io/init-container-statuses",
    ];

    /// <summary>Defaults of a pod.</summary>
    public static void Apply(V1Pod pod)
    {
        pod.Spec ??= new V1PodSpec();
        pod.Status ??= new V1PodStatus();
        Normalize(pod);
        var spec = pod.Spec;
        ApplySpec(spec);
        RequestsFromLimits(spec.Containers);
        RequestsFromLimits(spec.InitContainers);
        PodLevelDefaults.Apply(spec);
        spec.EnableServiceLinks ??= true;
        if (spec.HostNetwork == true)
        {
            HostPorts(spec.Containers);
            HostPorts(spec.InitContainers);
        }

        if (spec.TerminationGracePeriodSeconds < 0)
        {
            spec.TerminationGracePeriodSeconds = 1;
        }

        DropInitContainerAnnotations(pod.Metadata);
        SyncPodIPs(pod.Status);
    }

    /// <summary>Defaults of a template.</summary>
    public static void ApplyTemplate(V1PodTemplateSpec template)
    {
        template.Metadata ??= new V1ObjectMeta();
        template.Spec ??= new V1PodSpec();
        ModelShape.Normalize(template);
        ApplySpec(template.Spec);
        DropInitContainerAnnotations(template.Metadata);
    }

    /// <summary>
    /// What no ephemeral container may have stays though it is empty: upstream refuses it as soon as it is given.
    /// </summary>
    private static void Normalize(V1Pod pod)
    {
        if (pod.Spec.EphemeralContainers is not { Count: > 0 } containers)
        {
            ModelShape.Normalize(pod);
            return;
        }

        var given = containers.Select(static c => (
            c?.Ports, c?.ResizePolicy, c?.RestartPolicyRules, c?.Resources?.Claims, c?.Resources?.Limits,
            c?.Resources?.Requests)).ToList();
        ModelShape.Normalize(pod);
        foreach (var (container, fields) in containers.Zip(given))
        {
            (container.Ports, container.ResizePolicy, container.RestartPolicyRules, _, _, _) = fields;
            if (container.Resources is { } resources)
            {
                (_, _, _, resources.Claims, resources.Limits, resources.Requests) = fields;
            }
        }
    }

    /// <summary>The two names of the account field say the same.</summary>
    public static void SyncServiceAccount(V1PodSpec spec)
    {
        spec.ServiceAccountName =
            string.IsNullOrEmpty(spec.ServiceAccountName) ? spec.ServiceAccount : spec.ServiceAccountName;
        spec.ServiceAccount = spec.ServiceAccountName;
    }

    private static void ApplySpec(V1PodSpec spec)
    {
        spec.DnsPolicy ??= "ClusterFirst";
        spec.RestartPolicy ??= "Always";
        spec.SecurityContext ??= new V1PodSecurityContext();
        spec.TerminationGracePeriodSeconds ??= GraceSeconds;
        spec.SchedulerName ??= "default-scheduler";
        SyncServiceAccount(spec);
        RoundUp(spec.Overhead);
        RoundUp(spec.Resources);
        VolumeDefaults.Apply(spec.Volumes);
        foreach (var container in spec.InitContainers ?? [])
        {
            ApplyContainer(container);
        }

        foreach (var container in spec.Containers ?? [])
        {
            ApplyContainer(container);
        }

        foreach (var container in spec.EphemeralContainers ?? [])
        {
            ApplyEphemeral(container);
        }
    }

    private static void ApplyContainer(V1Container container)
    {
        container.ImagePullPolicy ??= ImageReference.DefaultPullPolicy(container.Image);
        container.TerminationMessagePath ??= TerminationLog;
        container.TerminationMessagePolicy ??= "File";
        ApplyPorts(container.Ports);
        ApplyEnvironment(container.Env);
        RoundUp(container.Resources);
        ApplyProbe(container.LivenessProbe);
        ApplyProbe(container.ReadinessProbe);
        ApplyProbe(container.StartupProbe);
        ApplyLifecycle(container.Lifecycle);
    }

    private static void ApplyEphemeral(V1EphemeralContainer container)
    {
        container.ImagePullPolicy ??= ImageReference.DefaultPullPolicy(container.Image);
        container.TerminationMessagePath ??= TerminationLog;
        container.TerminationMessagePolicy ??= "File";
        ApplyPorts(container.Ports);
        ApplyEnvironment(container.Env);
        RoundUp(container.Resources);
        ApplyProbe(container.LivenessProbe);
        ApplyProbe(container.ReadinessProbe);
        ApplyProbe(container.StartupProbe);
        ApplyLifecycle(container.Lifecycle);
    }

    private static void ApplyPorts(IList<V1ContainerPort>? ports)
    {
        foreach (var port in ports ?? [])
        {
            port.Protocol ??= "TCP";
        }
    }

    private static void ApplyEnvironment(IList<V1EnvVar>? variables)
    {
        foreach (var variable in variables ?? [])
        {
            if (variable.ValueFrom?.FieldRef is { } field)
            {
                field.ApiVersion ??= "v1";
            }
        }
    }

    private static void ApplyLifecycle(V1Lifecycle? lifecycle)
    {
        ApplyHttp(lifecycle?.PostStart?.HttpGet);
        ApplyHttp(lifecycle?.PreStop?.HttpGet);
    }

    private static void ApplyProbe(V1Probe? probe)
    {
        if (probe is null)
        {
            return;
        }

        probe.TimeoutSeconds ??= 1;
        probe.PeriodSeconds ??= 10;
        probe.SuccessThreshold ??= 1;
        probe.FailureThreshold ??= 3;
        ApplyHttp(probe.HttpGet);
        if (probe.Grpc is { } grpc)
        {
            grpc.Service ??= "";
        }
    }

    private static void ApplyHttp(V1HTTPGetAction? http)
    {
        if (http is not null)
        {
            http.Path ??= "/";
            http.Scheme ??= "HTTP";
        }
    }

    private static void RequestsFromLimits(IList<V1Container>? containers)
    {
        foreach (var container in containers ?? [])
        {
            if (container.Resources?.Limits is not { Count: > 0 } limits)
            {
                continue;
            }

            container.Resources.Requests ??= new Dictionary<string, ResourceQuantity>(
                limits.Count, StringComparer.Ordinal);
            foreach (var (name, quantity) in limits)
            {
                container.Resources.Requests.TryAdd(name, quantity);
            }
        }
    }

    private static void HostPorts(IList<V1Container>? containers)
    {
        foreach (var container in containers ?? [])
        {
            foreach (var port in container.Ports ?? [])
            {
                port.HostPort ??= port.ContainerPort == 0 ? null : port.ContainerPort;
            }
        }
    }

    private static void RoundUp(V1ResourceRequirements? resources)
    {
        RoundUp(resources?.Limits);
        RoundUp(resources?.Requests);
    }

    /// <summary>The API keeps no amounts finer than a thousandth.</summary>
    internal static void RoundUp(IDictionary<string, ResourceQuantity>? quantities)
    {
        if (quantities is null)
        {
            return;
        }

        foreach (var (name, model) in quantities)
        {
            var quantity = Quantity.Of(model);
            var rounded = quantity.RoundUpToMilli();
            if (rounded != quantity)
            {
                quantities[name] = rounded.ToModel();
            }
        }
    }

    private static void DropInitContainerAnnotations(V1ObjectMeta? metadata)
    {
        if (metadata?.Annotations is not { Count: > 0 } annotations)
        {
            return;
        }

        foreach (var name in InitContainerAnnotations)
        {
            annotations.Remove(name);
        }

        if (annotations.Count == 0)
        {
            metadata.Annotations = null;
        }
    }

    /// <summary>
    /// <c>podIP</c> is the first of <c>podIPs</c>; where they differ, the single one was set by an old client and wins.
    /// </summary>
    private static void SyncPodIPs(V1PodStatus status)
    {
        var first = status.PodIPs is { Count: > 0 } list ? list[0].Ip : null;
        if (!string.IsNullOrEmpty(status.PodIP) && !string.Equals(first, status.PodIP, StringComparison.Ordinal))
        {
            status.PodIPs = [new V1PodIP { Ip = status.PodIP }];
        }

        status.PodIP = status.PodIPs is { Count: > 0 } ips ? ips[0].Ip : null;
    }
}
