using OrleansOrchestrator.NodeAgent.Containerd;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>The composition of the agent: each part is one line, and adding a hosted service is one more.</summary>
public static class AgentServices
{
    public static IServiceCollection AddNodeAgent(this IServiceCollection services, NodeAgentOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new CriClient(options.SocketPath));
        services.AddSingleton<RuntimeHealth>();
        services.AddSingleton<ContainerdConfig>();
        services.AddSingleton<ImageStore>();
        services.AddPart<ContainerdSupervisor>();
        services.AddPart<PodRuntimeCache>();
        return services;
    }

    /// <summary>A singleton that also runs in the background.</summary>
    public static IServiceCollection AddPart<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.AddSingleton<T>();
        return services.AddHostedService(provider => provider.GetRequiredService<T>());
    }
}
