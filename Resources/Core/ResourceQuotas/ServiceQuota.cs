using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>Services: how many, how many load balancers, and how many ports of nodes they take.</summary>
internal sealed class ServiceQuota() : QuotaEvaluator(WellKnown.Services)
{
    private const string Services = "services";
    private const string NodePorts = "services.nodeports";
    private const string LoadBalancers = "services.loadbalancers";

    public override bool Bounds(string name) => name is Services or NodePorts or LoadBalancers || name == CountName;

    public override Dictionary<string, Quantity> Usage(
        IKubernetesObject<V1ObjectMeta> item, DateTimeOffset? now = null)
    {
        var spec = ((V1Service)item).Spec;
        var ports = spec.Ports ?? [];
        var nodePorts = spec switch
        {
            { Type: ServiceKinds.NodePort } => ports.Count,
            { Type: ServiceKinds.LoadBalancer, AllocateLoadBalancerNodePorts: false } =>
                ports.Count(static p => p.NodePort is > 0),
            { Type: ServiceKinds.LoadBalancer } => ports.Count,
            _ => 0,
        };
        return new Dictionary<string, Quantity>(StringComparer.Ordinal)
        {
            [CountName] = Number(1),
            [Services] = Number(1),
            [NodePorts] = Number(nodePorts),
            [LoadBalancers] = Number(spec.Type == ServiceKinds.LoadBalancer ? 1 : 0),
        };
    }

    private static Quantity Number(int value) =>
        Quantity.Parse(value.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
