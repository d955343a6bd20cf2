using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// The rules of Services. Cluster addresses and node ports are given out in admission
/// (<see cref="ServiceAddressing"/>), before the rules here see the object.
/// </summary>
public sealed class ServiceStrategy : ResourceStrategy<V1Service>
{
    private const int DefaultAffinitySeconds = 10800;

    public override bool AllowCreateOnUpdate => true;

    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
        [new("spec.clusterIP"), new("spec.type")];

    public override IReadOnlyList<TableColumn> Columns => ServicePrinter.Columns;

    public override IReadOnlyList<object?> Cells(V1Service item, DateTimeOffset now) => ServicePrinter.Cells(item, now);

    public override void SetDefaults(V1Service item)
    {
        var spec = item.Spec ??= new V1ServiceSpec();
        item.Status ??= new V1ServiceStatus();
        item.Status.LoadBalancer ??= new V1LoadBalancerStatus();
        spec.Type = string.IsNullOrEmpty(spec.Type) ? ServiceKinds.ClusterIP : spec.Type;
        SetAffinityDefaults(spec);
        foreach (var port in spec.Ports ?? [])
        {
            SetPortDefaults(port);
        }

        if (ServiceKinds.IsExternallyAccessible(spec) && string.IsNullOrEmpty(spec.ExternalTrafficPolicy))
        {
            spec.ExternalTrafficPolicy = "Cluster";
        }

        if (spec.InternalTrafficPolicy is null &&
            spec.Type is ServiceKinds.NodePort or ServiceKinds.LoadBalancer or ServiceKinds.ClusterIP)
        {
            spec.InternalTrafficPolicy = "Cluster";
        }

        if (spec.Type == ServiceKinds.LoadBalancer)
        {
            spec.AllocateLoadBalancerNodePorts ??= true;
            foreach (var ingress in item.Status.LoadBalancer.Ingress ?? [])
            {
                ingress.IpMode ??= string.IsNullOrEmpty(ingress.Ip) ? null : "VIP";
            }
        }
    }

    public override void PrepareForCreate(V1Service item)
    {
        item.Status = NewStatus();
        ServiceTransitions.DropInternalPolicy(item.Spec);
    }

    public override void Validate(V1Service item, FieldErrors errors) => ServiceRules.Validate(item, errors);

    public override void PrepareForUpdate(V1Service item, V1Service old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        ServiceTransitions.DropWhatNoLongerApplies(item.Spec, old.Spec);
        ServiceTransitions.DropInternalPolicy(item.Spec);
        if (item.Spec.Type != ServiceKinds.LoadBalancer)
        {
            item.Status =
                new V1ServiceStatus { Conditions = old.Status?.Conditions, LoadBalancer = new V1LoadBalancerStatus() };
        }
    }

    public override void ValidateUpdate(V1Service item, V1Service old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ServiceRules.ValidateStatus(item, errors);
            return;
        }

        ServiceUpdateRules.Validate(item.Spec, old.Spec, errors);
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        ServiceRules.Validate(item, errors);
    }

    public override IEnumerable<string> Warnings(V1Service item, V1Service? old) => ServiceWarnings.Of(item);

    /// <summary>A DNS label that, since 1.36, may start with a digit.</summary>
    public override IEnumerable<string> StatusWarnings(V1Service item) => (item.Status?.LoadBalancer?.Ingress ?? [])
        .SelectMany((ingress, i) => string.IsNullOrEmpty(ingress.Ip)
            ? []
            : NetworkRules.IpWarnings(FieldPath.Of("status", "loadBalancer", "ingress").Index(i), ingress.Ip));

    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => NameRules.DnsLabel(name, isPrefix);

    private static V1ServiceStatus NewStatus() => new() { LoadBalancer = new V1LoadBalancerStatus() };

    private static void SetAffinityDefaults(V1ServiceSpec spec)
    {
        spec.SessionAffinity = string.IsNullOrEmpty(spec.SessionAffinity) ? "None" : spec.SessionAffinity;
        if (spec.SessionAffinity == "None")
        {
            spec.SessionAffinityConfig = null;
        }
        else if (spec.SessionAffinity == "ClientIP" && spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds is null)
        {
            spec.SessionAffinityConfig = new V1SessionAffinityConfig
            {
                ClientIP = new V1ClientIPConfig { TimeoutSeconds = DefaultAffinitySeconds },
            };
        }
    }

    private static void SetPortDefaults(V1ServicePort port)
    {
        port.Protocol = string.IsNullOrEmpty(port.Protocol) ? "TCP" : port.Protocol;
        if (port.TargetPort?.Value is null or ""
            || (PortOrText.IsNumber(port.TargetPort, out var number) && number == 0))
        {
            port.TargetPort = port.Port;
        }
    }
}
