using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Subresources;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>
/// Registers what carries out writes: the pipeline, its admission plugins, and the in-process client.
/// </summary>
public static class WritePipeline
{
    public static IServiceCollection AddWritePipeline(this IServiceCollection services)
    {
        services.TryAddSingleton<ObjectDoor>();
        services.TryAddSingleton<ObjectStore>();
        services.TryAddSingleton<ObjectReader>();
        services.TryAddSingleton<ObjectCreator>();
        services.TryAddSingleton<ObjectUpdater>();
        services.TryAddSingleton<ObjectDeleter>();
        services.TryAddSingleton<CollectionDeleter>();
        services.TryAddSingleton<BindingHandler>();
        services.TryAddSingleton<EvictionHandler>();
        services.TryAddSingleton<ScaleHandler>();
        services.TryAddSingleton<ObjectHandler>();
        services.TryAddSingleton<AdmissionChain>();
        services.AddSingleton<IAdmissionPlugin, NamespaceLifecyclePlugin>();
        services.AddSingleton<IAdmissionPlugin, ServiceAccountPlugin>();
        services.AddSingleton<IAdmissionPlugin, TaintNodesByConditionPlugin>();
        services.AddSingleton<IAdmissionPlugin, PriorityPlugin>();
        services.AddSingleton<IAdmissionPlugin, DefaultTolerationSecondsPlugin>();
        services.AddSingleton<IAdmissionPlugin, RuntimeClassPlugin>();
        services.TryAddSingleton<ResourceClientServices>();
        services.TryAddSingleton<IResourceClient>(s => new ResourceClient(
            s.GetRequiredService<ResourceClientServices>(),
            new UserIdentity { Name = "system:apiserver", Groups = ["system:masters"] }));
        return services;
    }
}
