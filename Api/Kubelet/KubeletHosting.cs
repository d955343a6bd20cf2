using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Core.Nodes;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>Wires the connections to nodes and pods into a host.</summary>
public static class KubeletHosting
{
    /// <summary>Registers everything in this folder; needs the authentication services.</summary>
    public static IServiceCollection AddOrchestratorKubeletAccess(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.AddSingleton<NodeConnections>();
        services.AddSingleton<INodeVolumes, NodeVolumes>();
        services.AddSingleton<ConnectAdmission>();
        services.AddSingleton<IConnectHandler, PodConnectHandler>();
        services.AddSingleton<IConnectHandler, ProxyHandler>();
        return services;
    }
}
